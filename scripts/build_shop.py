"""Builds a shop from a transaction log: `selflearn build`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("build")
