"""An agent of your own that learns
================================

You write an agent in a few lines, let it serve customers, compare it with others, and
keep it in a file.
"""

# %%
# The idea
# --------
#
# The agent ``popular`` shows each state the products that the history's customers
# bought most. It never learns. Ours begins with the same numbers and corrects them:
# each product has a factor, and the factor follows what customers do.
#
# - ``bought`` counts how often a product was bought.
# - ``expected`` adds up how often the history would have expected that.
# - The factor is about ``bought / expected``.
#
# How sure is the agent of a factor? After few showings, hardly at all. So it draws each
# factor from a gamma distribution. This is wide as long as little is known, so a
# product that might be good is shown now and then. This way to explore is called
# Thompson sampling.
#
# The class
# ---------
#
# An agent derives from ``Agent`` and has three methods. Below, B is the number of
# visits decided at once, n the products of a slate, P the products of the shop, and S
# the states. States come as numbers in an array (B,). A slate is a row of n product
# numbers.
#
# - ``_act`` chooses slates (B, n).
# - ``_update`` learns from responses (B, n): 0 is ignored, 1 clicked, 2 bought.
# - ``_values`` says what the agent thinks of each product (B, P), without exploration.
#
# All random numbers come from ``self.rng``. Hyperparameters are keyword-only arguments.
# The base class checks the input, and saves all attributes that are arrays or numbers.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from selflearn_agents import Agent, AgentSpec, load_agent
from selflearn_agents.evaluation import compare, evaluate
from selflearn_env import Shop, datasets

BOUGHT = 2


class Corrected(Agent):
    """The history's purchases per visit, times a learned factor for each product."""

    def __init__(self, history, slate_size, rng, *, weight=10.0):
        super().__init__(history, slate_size, rng)
        self.incidence = history.incidence()  # (S, P) purchases per visit
        self.weight = weight  # how many purchases the history counts for
        self.bought = np.zeros(self.products)
        self.expected = np.zeros(self.products)

    def _act(self, states):
        shape = np.broadcast_to(self.weight + self.bought, (len(states), self.products))
        factor = self.rng.gamma(shape) / (self.weight + self.expected)
        order = np.argsort(-factor * self.incidence[states], axis=1)
        return order[:, : self.slate_size]

    def _update(self, states, slates, responses, item_rewards):
        np.add.at(self.bought, slates, responses == BOUGHT)
        np.add.at(self.expected, slates, self.incidence[states[:, None], slates])

    def _values(self, states):
        factor = (self.weight + self.bought) / (self.weight + self.expected)
        return factor * self.incidence[states]


# %%
# Let it learn
# ------------
#
# ``evaluate`` lets the agent serve 5,000 visits of the sample shop and learn from them,
# ten at a time. The gap is the share of the way from random slates (0) to the best
# slates (1).

shop = Shop.from_transactions(datasets.SALES)
agent = Corrected(shop.history, 5, np.random.default_rng(1))
options = {"batch": 10, "progress": False, "shop": shop}
result = evaluate(agent, "selflearn/Retail-v0", 5_000, **options)
print(f"gap in the first tenth of the visits {result.gap_between(0, 0.1):.3f}")
print(f"gap in the last tenth {result.gap_between(0.9, 1):.3f}")

# %%
# What has it found out? These products sell better, and worse, than the history said:

factor = (agent.weight + agent.bought) / (agent.weight + agent.expected)
order = np.argsort(-factor)
for product in [*order[:3], *order[-3:]]:
    print(f"{factor[product]:5.2f}  {shop.catalogue.descriptions[product]}")

# %%
# Compare it
# ----------
#
# An ``AgentSpec`` gives the agent a name in tables, and its settings. For each of three
# seeds all agents meet the same visits, so that differences are not due to luck.

mine = AgentSpec("corrected", Corrected, {"weight": 10.0})
agents = ["random", "epsilon_greedy", "popular", mine]
options |= {"slate_size": 5, "seeds": 3}
comparison = compare(agents, "selflearn/Retail-v0", 5_000, **options)
print(comparison.table()[["gap", "gap_late", "expected_reward"]].round(3))
better = comparison.gaps("corrected") - comparison.gaps("popular")
print("better than popular by", better.round(3), "with each seed")

# %%
# ``gap_late`` is the gap in the last tenth. ``epsilon_greedy`` first tries many
# products that nobody wants, which costs it the start. Ours starts where ``popular``
# is, and leaves it behind:

figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
visits = comparison.runs[0].visits
for name in ("popular", "corrected"):
    axes.plot(visits, comparison.curves(name, "gap").mean(axis=0), label=name)
axes.set(xlabel="visits served", ylabel="gap, mean of three seeds")
axes.set_title("corrected learns, popular does not")
axes.legend(frameon=False)
plt.show()

# %%
# Keep it
# -------
#
# ``save`` writes one file. ``load_agent`` reads it; classes that are not in this
# package are named by ``own``. The loaded agent goes on as if it had never stopped: it
# draws the same random numbers, so it shows the same slates.

path = Path(tempfile.mkdtemp()) / "corrected.npz"
agent.save(path)
again = load_agent(path, own=[Corrected])
states = np.arange(shop.states.size)
print("same slates:", np.array_equal(agent.act(states), again.act(states)))

# %%
# On a command line the agent is named by its module: put the class into a file
# ``my_agents.py`` and call ``selflearn compare --agents popular my_agents:Corrected
# --shop shop.npz --out results/mine``.
