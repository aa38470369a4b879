"""Compares simulated lives with those in the log: `selflearn check-lives`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("check-lives")
