"""What a frame shows: a visit, the slate, what was bought and clicked, and where this is in the customer's life."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import AnyVisits, Outcome


class Shown(NamedTuple):
    """A slate that was shown, and what came of it."""

    slate: NDArray[np.int64]  # (n,)
    response: NDArray[np.int8]  # (n,)
    item_reward: NDArray[np.float64]  # (n,)
    reward: float


class Life(NamedTuple):
    """Where a visit stands in its customer's life, and what follows once a slate was shown."""

    visits: int  # before this one
    days_since: int  # the last of them; 0 if there is none
    earned: float = 0.0  # return of the episode so far, this visit's reward included
    left: bool = False  # for good: the episode is terminated
    cut: bool = False  # by the end of the calendar: the episode is truncated
    days_to_next: int = 0  # visit, if there is one


class Frame(NamedTuple):
    """One visit: one that waits for a slate, or one that was shown one.

    Attributes:
        state: index of its state.
        life: of its customer; None where an episode is one visit.
        shown: the slate; None while the visit waits for it.
    """

    state: int
    life: Life | None
    shown: Shown | None = None


def frames_waiting(simulator: Simulator[AnyVisits], visits: AnyVisits) -> list[Frame]:
    """One per visit (B,), each the first of its episode."""
    seen = simulator.seen(visits)
    lives = [
        Life(number, days) if simulator.lasting else None
        for number, days in zip(seen.visits.tolist(), seen.days_since.tolist(), strict=True)
    ]
    return [Frame(state, life) for state, life in zip(seen.state.tolist(), lives, strict=True)]


def frames_shown(
    simulator: Simulator[AnyVisits],
    before: Sequence[Frame],
    visits: AnyVisits,
    slates: NDArray[np.int64],
    outcome: Outcome[AnyVisits],
) -> list[Frame]:
    """One per visit (B,) that was shown a slate.

    Args:
        simulator: whose visits they are.
        before: B frames, those of the same rows a step ago; of them comes what was earned so far.
        visits: B visits, as they were when the slates were shown.
        slates: (B, n) product indexes.
        outcome: what came of it.
    """
    days_to_next = simulator.seen(outcome.visits).days_since.tolist()
    frames = []
    for row, (last, frame) in enumerate(zip(before, frames_waiting(simulator, visits), strict=True)):
        reward, life = outcome.reward[row].item(), frame.life
        shown = Shown(slates[row].copy(), outcome.response[row].copy(), outcome.item_reward[row].copy(), reward)
        if life is not None:
            goes_on = last.life is not None and not (last.life.left or last.life.cut)
            life = life._replace(
                earned=reward + (last.life.earned if last.life is not None and goes_on else 0.0),
                left=outcome.terminated[row].item(),
                cut=outcome.truncated[row].item(),
                days_to_next=days_to_next[row],
            )
        frames.append(Frame(frame.state, life, shown))
    return frames
