"""What becomes of a visit when something is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from selflearn_agents.store.record import OPEN, PRODUCTS, RESPONSES, Response, Visit
from selflearn_env.core.rewards import IGNORED

LEARNED, WAITS, KNOWN = "learned", "open", "known"
UNKNOWN, AGAINST, MISFIT = "unknown", "against", "misfit"


class Told(NamedTuple):
    """What is told of a visit.

    Attributes:
        number: of the visit.
        responses: one per product shown: 0 ignored, 1 clicked, 2 bought, -1 not known yet.
        besides: product indexes that the customer bought besides the slate, each of them once.
    """

    number: int
    responses: Sequence[int]
    besides: Sequence[int] = ()


def taken_in(
    visit: Visit, before: Response | None, told: Told, now: float, silent: bool
) -> tuple[str, Response | None]:
    """What is known of a visit after something was told of it.

    Args:
        visit: the visit.
        before: what was known of it; None for nothing.
        told: what is told.
        now: in seconds since 1970.
        silent: whether what is not known from now on counts as ignored.

    Returns:
        What `KeptAgent.tell` says of it, and what there is to record, or None where there is nothing new.
    """
    size = len(visit.slate) // PRODUCTS.itemsize
    if len(told.responses) != size:
        return MISFIT, None
    known = [OPEN] * size if before is None else before.responses.tolist()
    merged = [max(pair) for pair in zip(known, told.responses, strict=True)]
    others = [] if before is None else before.others.tolist()
    besides = list(dict.fromkeys([*others, *told.besides]))
    is_new = merged != known or besides != others
    is_closed, waits = OPEN not in known, OPEN in merged
    is_lowered = any(OPEN < given < old for old, given in zip(known, told.responses, strict=True))
    if is_lowered or (is_closed and is_new):
        return AGAINST, None
    if is_closed:
        return KNOWN, None
    if silent:
        merged, waits = [max(response, IGNORED) for response in merged], False
    if waits and not is_new:
        return WAITS if before is None else KNOWN, None
    response, bought = np.array(merged, dtype=RESPONSES), np.array(besides, dtype=PRODUCTS)
    return WAITS if waits else LEARNED, Response(told.number, None, now, response.tobytes(), silent, bought.tobytes())
