"""Says how far a learner comes that knows how states pool: `selflearn bound`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("bound")
