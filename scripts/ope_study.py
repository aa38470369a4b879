"""Judges the off-policy estimators: `selflearn ope-study`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("ope-study")
