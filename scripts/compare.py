"""Compares agents on the same visits: `selflearn compare`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("compare")
