"""A study whose report is read as text, and opened in a browser."""

from __future__ import annotations

from selflearn_agents.baselines.popular import PopularAgent
from selflearn_agents.evaluation import World
from selflearn_agents.evaluation.plan import Plan
from selflearn_agents.evaluation.study import Study, run_study
from selflearn_agents.specification import AgentSpec

from selflearn_env import Shop

EVIL = "<script>document.title = 'taken'</script>"
LONG = "epsilon_greedy(epsilon=0.3, epsilon_end=0.01, epsilon_visits=100, prior='rate', prior_weight=2.0)"
NAMES = ["random", "popular", LONG, AgentSpec(EVIL, PopularAgent, {}), "oracle"]
TITLE = "Agents compared in <selflearn>"
MADE = {"environment": "selflearn/Retail-v0", "shop": "8 products & <b>more</b>", "digest": "0123456789abcdef" * 4}
N = 3


def evil_shop(tiny_log) -> Shop:
    """A shop whose texts would like to be a part of the page."""
    descriptions = tiny_log["description"].where(tiny_log["product"] != "P0", f"{EVIL} & \"tea\" for 'two'")
    return Shop.from_transactions(
        tiny_log.assign(description=descriptions),
        segments={customer: "ABCD"[customer % 4] for customer in range(100, 140)},
    )


def evil_study(tiny_log, seeds=2) -> Study:
    """Agents compared in it."""
    world = World("independent", "selflearn/Retail-v0", 200, {"shop": evil_shop(tiny_log), "slate_size": N})
    return run_study(Plan(NAMES, [world], seeds, progress=False), models=["logit"])
