"""Lets simulated customers come to a service: `selflearn simulate-shop`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("simulate-shop")
