"""Makes a film of a customer's life with an agent: `selflearn watch`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("watch")
