"""Says what another policy would have earned, by a log: `selflearn ope`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("ope")
