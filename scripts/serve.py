"""Lets an agent serve a shop's own customers over HTTP: `selflearn serve`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("serve")
