"""Compares agents over customers' lives: `selflearn lives`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("lives")
