"""`python -m selflearn_agents NAME ...`, the same as `selflearn NAME ...`."""

from selflearn_agents.commands.main import main

main()
