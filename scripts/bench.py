"""The open benchmark: `selflearn bench`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("bench")
