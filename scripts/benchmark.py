"""Measures speed and memory on this machine: `selflearn benchmark`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("benchmark")
