"""Shows what learners make of logs: `selflearn learning-study`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("learning-study")
