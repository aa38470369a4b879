"""`python -m selflearn_agents NAME ...`, the same as `selflearn NAME ...`."""

import os
import sys

# Python looks for modules in the working folder first: whatever lies there is not what a library takes for another one.
if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 -- a library that is not imported yet
    del sys.path[0]

from selflearn_agents.commands.main import main

main()
