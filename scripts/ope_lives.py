"""Says how soon off-policy estimates of lives fail: `selflearn ope-lives`, for a checkout."""

from selflearn_agents.commands.main import run

if __name__ == "__main__":
    run("ope-lives")
