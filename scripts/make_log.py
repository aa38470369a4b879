"""Makes a transaction log of any size: `selflearn make-log`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("make-log")
