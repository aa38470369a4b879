"""Judge a policy by a log alone
=============================

A real shop cannot try every agent on its customers. But it has a log: what was shown,
how probable that was, and how customers responded. From such a log you estimate what
another agent would have earned. Here the truth is known, so you see when to believe the
estimate.
"""

# %%
# Record visits
# -------------
#
# The shop sells the 40 products that are bought most, three at a time. For a while it
# shows random slates. Then each product is shown often enough, and the probability of
# each slate is known. ``record`` writes everything down.

import textwrap

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
from selflearn_agents import make_agent
from selflearn_agents.evaluation import standing
from selflearn_agents.logs import record
from selflearn_agents.ope import evaluate_offline
from selflearn_env import Shop, datasets

shop = Shop.from_transactions(datasets.SALES, max_products=40)


def agent(name):
    """An agent that has read the history, and no more."""
    return make_agent(name, history=shop.history, slate_size=3, seed=0)


options = {"batch": 1000, "shop": shop}
log = record(agent("random"), "selflearn/Retail-v0", 20_000, **options)
print(f"{len(log):,} visits, {log.reward.mean():.3f} reward per visit")
print("a slate", log.slate[0], "and its responses", log.response[0])
print("probability of each product in its slot", log.propensity[0].round(3))

# %%
# Ask for another policy
# ----------------------
#
# What would ``popular`` have earned? Most estimators weight what the log shows: the
# weight is how much more probable it is under ``popular`` than under the policy that
# logged.
#
# - ``sips`` weights whole slates. It assumes nothing about customers. But a random
#   slate hardly ever is the one that ``popular`` shows.
# - ``sn_iips`` weights each slot of the slate by itself. It is right if the response to
#   a product does not depend on the other products of the slate.
#
# Each estimate has a verdict. "Ok, if" names an assumption that must hold, and that a
# small log cannot disprove.


def said(estimate):
    """An estimate with its 95 % interval."""
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


result = evaluate_offline(log, agent("popular"), ["sips", "sn_iips"], resamples=0)
for estimate in result.estimates:
    print(f"{estimate.estimator}: {said(estimate)}")
    print(textwrap.fill(estimate.diagnosis.verdict, 84))

# %%
# ``sips`` says 0, with an interval of no width, and is far off: in no visit did the log
# show the slate of ``popular``. So do not believe an interval alone. Read the verdict.
#
# The truth beside it
# -------------------
#
# A shop has to stop here. The simulator knows more: what each slate earns, exactly.
# ``standing`` gives what a policy earns over all states, as often as they come.

states = np.arange(shop.states.size)


def truth(target, **options):
    """Expected reward per visit, in an environment with these options."""
    env = gym.make("selflearn/Retail-v0", shop=shop, slate_size=3, **options)
    return standing(env.unwrapped.simulator, target.act(states)).expected


print(f"popular earns {truth(agent('popular')):.3f}")

# %%
# Which is the best?
# ------------------
#
# That is what a shop wants to know. All are judged by the same log.


def judged(log, name):
    """What `sn_iips` says of an agent by a log."""
    return evaluate_offline(log, agent(name), ["sn_iips"], resamples=0).estimates[0]


names = ["quantity", "popular_by_state", "bestsellers", "popular"]
estimates = [judged(log, name) for name in names]
exact = [truth(agent(name)) for name in names]
for name, estimate, value in zip(names, estimates, exact, strict=True):
    print(f"{name:17} {said(estimate)}, in truth {value:.2f}")

# %%
# Blue is what the log says, with its interval, and red the truth.

figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
values = [estimate.value for estimate in estimates]
wide = [estimate.high - estimate.value for estimate in estimates]
axes.errorbar(values, names, xerr=wide, fmt="o", color="#0072b2", label="estimate")
axes.plot(exact, names, "D", color="#d55e00", label="truth")
axes.axvline(log.reward.mean(), color="0.5", linestyle=":", label="what the log earned")
axes.set(xlabel="reward per visit", title="Every interval holds the truth")
axes.legend(frameon=False, fontsize="small")
plt.show()

# %%
# When not to believe it
# ----------------------
#
# Two things go wrong in practice. The log may be too short:

short = record(agent("random"), "selflearn/Retail-v0", 1_000, seed=2, **options)
estimate = judged(short, "popular")
print(said(estimate))
print(textwrap.fill(estimate.diagnosis.verdict, 84))

# %%
# Or products compete: who buys one does not buy the other. Then a product earns less
# beside good ones than beside random ones, and an estimator that takes each slot by
# itself promises too much. With ``customer="logit"`` customers are like this. This log
# is long enough to show it, so the verdict warns:

options |= {"customer": "logit"}
competing = record(agent("random"), "selflearn/Retail-v0", 100_000, seed=3, **options)
estimate = judged(competing, "popular")
value = truth(agent("popular"), customer="logit")
print(f"{said(estimate)}, in truth {value:.2f}")
print(textwrap.fill(estimate.diagnosis.verdict, 84))

# %%
# So log the probabilities of what you show, explore more than feels comfortable, and
# read the verdict.
