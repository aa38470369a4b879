"""Shows what drift does to learning: `selflearn drift`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("drift")
