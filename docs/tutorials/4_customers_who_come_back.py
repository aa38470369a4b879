"""Customers who come back
=======================

In ``RetailPeople-v0`` an episode is the life of one customer, who comes again and
again. You see what it is worth to know the customer, and what it costs to bore one.
"""

# %%
# A life
# ------
#
# A customer is a person with a taste, who buys again what it bought before. It comes,
# looks at a slate, and comes back some days later, until it leaves for good or the year
# ends. ``info`` says who it is and how long it was away.

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
from selflearn_agents import make_agent
from selflearn_agents.evaluation import compare, evaluate_lives
from selflearn_env import Shop, datasets

shop = Shop.from_transactions(datasets.SALES)
options = {"shop": shop, "slate_size": 5}
env = gym.make("selflearn/RetailPeople-v0", render_mode="rgb_array", **options)
observation, info = env.reset(seed=6)
simulator = env.unwrapped.simulator
seen = simulator.seen(env.unwrapped.visits)
print(f"customer {info['customer']} was here {seen.visits[0]} times, and has bought:")
for product in dict.fromkeys(seen.record.product.tolist()):
    print("-", shop.catalogue.descriptions[product])

# %%
# ``simulator.seen`` is what a real shop would know of the customer: who it is, the
# date, and all that it bought. Its taste is hidden.
#
# What is it worth to know the customer?
# --------------------------------------
#
# - ``popular`` has a list for each state. It does not look at who is there.
# - ``again`` shows what this customer bought before, and fills up with what sells this
#   month.
# - ``personal`` combines the record with what it has learned of all customers.
#
# Here the best slates, of which the gap is 1, are those for each person.

options |= {"batch": 10, "progress": False}
agents = ["random", "popular", "again", "personal"]
comparison = compare(agents, "selflearn/RetailPeople-v0", 2_000, 1, **options)
table = comparison.table()
columns = ["gap", "gap_after_0", "gap_after_1", "gap_after_2-3", "real_hits"]
print(table[columns].round(3))

# %%
# ``gap_after_0`` is the gap at a customer's first visit, ``gap_after_2-3`` after two or
# three. Agents that read records are far ahead of ``popular``, most of all with
# customers who have been there before.
#
# ``real_hits`` uses no simulator: it counts the products of a slate that were in the
# real basket of the log, per visit.
#
# What does boredom cost?
# -----------------------
#
# A slate that shows again what the customer ignored bores it. A bored customer looks
# less at the whole slate, and comes back later. We simulate the lives of 1,000
# customers, once with boredom and once without. ``patient`` is ``personal`` that also
# learns what boredom costs, and leaves out ignored products where they are not worth
# it.

BORED = {"boredom": 0.5, "delay": 1.2}  # the default
NEVER_BORED = {"boredom": 0.0, "delay": 1.0}


def bought_per_visit(name, journey):
    """Serves 1,000 customers to the end of their lives."""
    agent = make_agent(name, history=shop.history, slate_size=5, seed=0)
    options = {"shop": shop, "journey": journey}
    lives = evaluate_lives(agent, "selflearn/RetailPeople-v0", 1_000, **options)
    return lives.purchases.sum() / lives.visits.sum()


print("products bought per visit:")
for name in ("popular", "personal", "patient"):
    without, bored = (bought_per_visit(name, each) for each in (NEVER_BORED, BORED))
    lost = 1 - bored / without
    print(f"{name:9} never bored {without:.3f}, bored {bored:.3f}: {lost:.0%} lost")

# %%
# No log of purchases can tell how strong boredom is, since it does not say what was
# shown. The strength is an assumption, and an option: ``journey={"boredom": 0.2}``.
#
# A life in pictures
# ------------------
#
# Now ``personal`` serves the customer from the beginning of this page. It knows
# customers, so it gets all that the shop sees of the visit, not only the state. Each
# frame shows a slate and the responses.

agent = make_agent("personal", history=shop.history, slate_size=5, seed=0)
frames, over, earned = [], False, []
while not over:
    seen = simulator.seen(env.unwrapped.visits)
    slates = agent.act(seen)
    observation, reward, terminated, truncated, info = env.step(slates[0])
    agent.update(seen, slates, [info["response"]], [info["item_reward"]])
    frames.append(env.render())
    earned.append(reward)
    over = terminated or truncated
print(f"{len(frames)} visits, return {np.sum(earned):+.0f}: {earned}")

# %%
# The first and the last visit:

figure, axes = plt.subplots(2, 1, figsize=(7, 7), layout="constrained")
for each, frame in zip(axes, (frames[0], frames[-1]), strict=True):
    each.imshow(frame)
    each.axis("off")
plt.show()
