"""Compares a shop's simulated customers with its log: `selflearn check`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("check")
