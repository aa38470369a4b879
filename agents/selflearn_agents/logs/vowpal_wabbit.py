"""Logged visits for Vowpal Wabbit's contextual bandits, and slates from what it has learned of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.logs.visit_log import VisitLog
from selflearn_env.archive import write_atomically
from selflearn_env.core.ranking import top
from selflearn_env.core.states import StateSpace


def write_vowpal_wabbit(log: VisitLog, path: str | Path, states: StateSpace) -> None:
    """Writes a text file that Vowpal Wabbit's `--cb_adf` trains from, with an event for each shown product.

        shared |segment Q4 |month September |half 1 |weekday Wednesday
        0:2:0.000272108844 |product 1047

    The numbers are 0, the cost, which is minus the item reward, and the propensity; an empty line follows. Tiers and
    product are namespaces of their own, so that `-q pm` learns how products differ between months; characters that
    Vowpal Wabbit reserves are percent-encoded in names and labels.

    Only the product that was shown is listed, not the thousands that could have been: "mtr", the regression that is the
    default of `--cb_adf`, learns from that line alone. It weighs events by one over their propensity, so the learning
    rate must be smaller than the default by as much as there are products: `-l 0.0001` for some thousands. And with one
    action per event the loss that Vowpal Wabbit reports is that of the log, not of the learned policy.

    Args:
        log: the visits.
        path: the file.
        states: the state space of the shop.

    Raises:
        OSError: the file cannot be written.
        ValueError: the log has no propensities, or a state of it is not in the state space.
    """
    if log.propensity is None:
        raise ValueError(
            f"the log has no propensities, since {log.agent!r} does not know them; record an agent that does, such as "
            f"'random' or 'epsilon_greedy'"
        )
    shared = _shared(states)
    visits = zip(
        states.check(log.state).tolist(),
        log.slate.tolist(),
        (-log.item_reward).tolist(),
        log.propensity.tolist(),
        strict=True,
    )
    with write_atomically(Path(path)) as file:
        for state, *slots in visits:
            for product, cost, probability in zip(*slots, strict=True):
                event = f"{shared[state]}\n0:{cost:.9g}:{probability:.9g} {_action(product)}\n\n"
                file.write(event.encode("utf-8"))


def vowpal_wabbit_slates(model: Any, states: StateSpace, products: int, slate_size: int) -> NDArray[np.int64]:
    """(S, n) the products of least expected cost in each state, best first.

    Args:
        model: a `vowpalwabbit.Workspace` with `--cb_adf`, trained from a file that `write_vowpal_wabbit` wrote.
        states: the state space of the shop, S states.
        products: size of the catalogue.
        slate_size: products per slate, n.

    Raises:
        ValueError: the model does not predict costs.
    """
    predicts = model.get_prediction_type().name
    if predicts != "ACTION_SCORES":
        raise ValueError(f"the model must predict costs, as --cb_adf does, but it predicts {predicts}")
    lines, actions = _shared(states), [_action(product) for product in range(products)]
    parsed = model.parse([lines[0], *actions])  # the actions once for all states: to parse them takes most of the time
    costs = np.empty((len(lines), products))
    for state, line in enumerate(lines):
        own = model.parse([line, actions[0]])
        costs[state] = model.predict([own[0], *parsed[1:]])
        model.finish_example(own)
    model.finish_example(parsed)
    return top(-costs, slate_size)


def _shared(states: StateSpace) -> list[str]:
    """The line of each state that the actions share."""
    labels = [[f"|{quote(tier.name, '')} {quote(label, '')}" for label in tier.labels] for tier in states.tiers]
    return [
        " ".join(["shared", *(labels[tier][number] for tier, number in enumerate(numbers))])
        for numbers in states.table.tolist()
    ]


def _action(product: int) -> str:
    return f"|product {product}"
