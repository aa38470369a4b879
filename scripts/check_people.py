"""Compares the persons' model with visits that were not fitted: `selflearn check-people`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("check-people")
