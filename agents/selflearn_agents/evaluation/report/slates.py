"""The slates of each agent in a state that the reader chooses, beside the best one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from selflearn_agents.evaluation.exact import share_of_gap
from selflearn_agents.evaluation.page import Section, part, source
from selflearn_agents.evaluation.study import Study
from selflearn_agents.evaluation.tables import ranked
from selflearn_agents.evaluation.usual import UsualVisits
from selflearn_agents.plots.looks import look_of
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.states import ORDINALS, PERIODS
from selflearn_env.core.visits import Visits

MOST_SLOTS = 180_000  # of all agents and states, so that the page stays below 3 MB
AT_ONCE = 2**21  # visits x products that are worked on together
TITLE = "What each agent would show"
BEST = "the best slate"


def section(study: Study) -> Section | None:
    """The viewer, or why there is none; None where the study has no world to look at."""
    world = study.world
    if world is None:
        return None
    if world.usual is None:
        why = "There are no slates to look at: what customers want, or what may be shown, changes with time here."
        return Section("slates", "Slates", TITLE, text=why)
    labels = [label for label in ranked(study.main) if study.main.runs_by(label)[0].slates is not None]
    chosen = _chosen(world.usual, world.simulator, len(labels) + 1)
    usual = world.usual.rows(chosen)
    shown: dict[str, NDArray] = {BEST: _in_pieces(world.simulator.optimal_slate, usual, world.simulator)}
    shown |= {label: study.main.runs_by(label)[0].slates[chosen] for label in labels}  # type: ignore[index]
    less = "" if len(chosen) == len(world.usual.seen) else f" Only the {len(chosen)} states with most visits are here."
    text = (
        f"Choose a state. Each agent is shown as it is after its run with seed {study.main.runs[0].seed}, without "
        f"exploration: the slate that its own estimates call best. {usual.who} Probabilities and expected rewards are "
        f"exact, from the simulator; no agent sees them. Bold: also in the best slate.{less}"
    )
    data = json.dumps(_data(study, usual, shown), separators=(",", ":"), ensure_ascii=False)
    safe = Markup(data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
    return Section(
        "slates", "Slates", TITLE, text=text, part=part("slates.html", data=safe, script=source("slates.js"))
    )


def _chosen(usual: UsualVisits, simulator: Simulator, agents: int) -> NDArray[np.int64]:
    """Numbers of the visits that the page has room for: all, or those in the states with most visits."""
    room = max(1, MOST_SLOTS // (agents * simulator.slate_size))
    often = np.argsort(-simulator.state_probability[usual.visits.state], kind="stable")
    return np.sort(often[:room])


def _in_pieces(of: Callable[[Visits], NDArray], usual: UsualVisits, simulator: Simulator) -> NDArray:
    """What a simulator says of the visits, K rows, when it is asked for a few at a time."""
    size = max(1, AT_ONCE // simulator.products)
    pieces = [np.arange(at, min(at + size, len(usual.seen))) for at in range(0, len(usual.seen), size)]
    return np.concatenate([of(usual.visits.rows(rows)) for rows in pieces])


def _data(study: Study, usual: UsualVisits, shown: dict[str, NDArray]) -> dict[str, Any]:
    """What slates.js reads: each number once rounded, as it is shown.

    Rewards in hundredths, probabilities in thousandths, shares of visits in 1 / 10,000, gaps in percent.
    """
    world: Any = study.world
    simulator, states = world.simulator, usual.visits.state
    names, places = np.unique(np.stack(list(shown.values())), return_inverse=True)
    places = places.reshape(len(shown), -1)
    random = _in_pieces(simulator.random_reward, usual, simulator)
    agents: list[dict[str, Any]] = []
    best = None
    for (label, slates), own in zip(shown.items(), places, strict=True):
        probability = simulator.response_probability(usual.visits, slates)
        value = (probability @ simulator.rewards.by_response).sum(axis=1)
        best = value if best is None else best  # the first are the best slates
        agents.append(
            {
                "name": label,
                "colour": look_of("optimal" if label == BEST else label).colour,
                "slates": own.tolist(),
                "buys": _whole(probability[..., BOUGHT], 1000),
                "clicks": _whole(probability[..., CLICKED], 1000),
                "value": _whole(value, 100),
                "gap": [
                    None if np.isnan(gap) else round(100 * gap) for gap in share_of_gap(value, random, best).tolist()
                ],
            }
        )
    share, known = simulator.state_probability[states], np.diff(usual.seen.record.start) > 0
    return {
        "first": int(states[np.argmax(share * known if known.any() else share)]),
        "tiers": [
            {"name": tier.name, "labels": ORDINALS[: len(tier.labels)] if tier.name in PERIODS else tier.labels}
            for tier in study.shop.states.tiers
        ],
        "states": states.tolist(),
        "share": _whole(share, 10_000),
        "notes": _notes(usual),
        "size": simulator.slate_size,
        "names": study.shop.catalogue.descriptions[names].tolist(),
        "agents": agents,
        "missing": "No slates here: nobody comes in this state, or too rarely for this page. Choose another.",
    }


def _notes(usual: UsualVisits) -> list[str]:
    """What is known of each customer."""
    bought = np.diff(usual.seen.record.start)
    if not bought.any():
        return [""] * len(usual.seen)
    rows = zip(usual.seen.customer.tolist(), usual.seen.visits.tolist(), bought.tolist(), strict=True)
    return [
        f"Customer {customer}, "
        + (f"after {visits} visits with {items} products bought." if visits else "on a first visit.")
        for customer, visits, items in rows
    ]


def _whole(values: NDArray, times: int) -> list[int]:
    return np.rint(values.ravel() * times).astype(np.int64).tolist()
