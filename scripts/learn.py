"""Lets an agent learn from a log: `selflearn learn`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("learn")
