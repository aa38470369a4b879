"""First steps
===========

You meet a simulated shop, show a customer some products, and let an agent learn what to
show. All of it takes a few seconds.
"""

# %%
# A shop as an environment
# ------------------------
#
# ``import selflearn_env`` registers the environments with Gymnasium. ``Retail-v0``
# comes with a shop that is made from a real log: one year of sales of an online shop
# for gifts.

import gymnasium as gym
import matplotlib.pyplot as plt
import selflearn_env
from selflearn_agents import make_agent
from selflearn_agents.evaluation import compare
from selflearn_agents.plots.looks import look_of

env = gym.make("selflearn/Retail-v0", render_mode="ansi")
shop = env.unwrapped.shop
print(shop)

# %%
# A visit
# -------
#
# A visit is one customer who looks at one slate, a list of ten products. What the shop
# knows before it chooses is the state: the customer's segment (Q1 to Q4, by how
# recently, how often and for how much it bought), the month, the half of the month and
# the weekday.

observation, info = env.reset(seed=7)
print(shop.states.label(info["state"]))

# %%
# An action is ten product numbers. Let us show ten products at random. Each earns 5 if
# it is bought, 1 if it is clicked, and -2 if it is ignored. The reward is the sum.

env.action_space.seed(7)
observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
print(env.render())

# %%
# In this environment an episode is one visit, so it is over, and ``reset`` brings the
# next customer.
#
# An agent that learns
# --------------------
#
# An agent reads the shop's history before it starts: what half of the log's customers
# bought. The simulated customers are fitted to the other half, and the agent meets them
# one visit after the other. ``act`` takes a batch of states and gives a slate for each.
# ``update`` takes the responses, and the agent learns from them. Here are 200 visits,
# by hand:

agent = make_agent("hierarchical", history=shop.history, slate_size=10, seed=0)
earned = 0.0
for _ in range(200):
    observation, info = env.reset()
    states = [info["state"]]
    slates = agent.act(states)
    observation, reward, terminated, truncated, info = env.step(slates[0])
    agent.update(states, slates, [info["response"]], [info["item_reward"]])
    earned += reward
print(f"{earned / 200:.2f} per visit")
print(env.render())

# %%
# Is that good?
# -------------
#
# A reward below zero looks bad, but most products of any slate are ignored. So we need
# something to compare with. The simulator knows how probable each response is, so it
# can compute two expected rewards exactly:
#
# - what random slates earn, and
# - what the best slate of each state earns. Nobody can do better here.
#
# The **gap** is the share of the way from the first to the second: 0 is random, 1 is
# the best. Agents never see these figures. ``compare`` lets several agents serve the
# same customers, and measures the gap of each.

agents = ["random", "popular", "hierarchical"]
options = {"seeds": 1, "batch": 100, "progress": False}
comparison = compare(agents, "selflearn/Retail-v0", 10_000, **options)
print(comparison.table()[["gap", "gap_late", "expected_reward", "regret"]].round(3))

# %%
# ``popular`` shows each state the best sellers of the history and learns nothing.
# ``hierarchical`` starts nearly there and learns: ``gap_late`` is its gap in the last
# tenth of the visits. ``regret`` is the expected reward of the best slate minus that of
# the shown slate, per visit.
#
# The learning curve
# ------------------
#
# ``frame()`` gives the curves as a table, one row per agent and stretch of visits. We
# leave out ``random``, which stays at 0, to see the other two.

curves = comparison.frame().query("agent != 'random'")
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
for name, curve in curves.groupby("agent", sort=False):
    axes.plot(curve["visits"], curve["gap"], color=look_of(name).colour, label=name)
axes.set(xlabel="visits served", ylabel="gap: 1 is the best")
axes.set_title("hierarchical learns while it serves")
axes.legend(frameon=False)
plt.show()

# %%
# Next: :doc:`a shop from your own log <2_own_log>`.
