"""Lets one agent serve visits and learn from them: `selflearn train`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("train")
