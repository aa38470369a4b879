"""Shows what a store keeps, and takes values over: `selflearn store`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("store")
