"""What becomes of a visit when something is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.store.record import OPEN, PRODUCTS, RESPONSES, Response, Visit
from selflearn_env.core.rewards import IGNORED

LEARNED, WAITS, KNOWN = "learned", "open", "known"
UNKNOWN, AGAINST, MISFIT = "unknown", "against", "misfit"


class Told(NamedTuple):
    """What is told of a visit.

    Attributes:
        number: of the visit.
        responses: one per product shown: 0 ignored, 1 clicked, 2 bought, -1 not known yet.
        besides: product indexes that the customer bought besides the slate.
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
    given = np.asarray(told.responses, dtype=RESPONSES)
    if given.shape != visit.products.shape:
        return MISFIT, None
    known: NDArray[np.int8] = np.full(given.size, OPEN, dtype=RESPONSES) if before is None else before.responses
    is_closed = not (known == OPEN).any()
    merged = np.maximum(known, given)
    lowered = (given != OPEN) & (given < known)
    if lowered.any() or (is_closed and (merged != known).any()):
        return AGAINST, None
    if is_closed:
        return KNOWN, None
    if silent:
        merged[merged == OPEN] = IGNORED
    waits = bool((merged == OPEN).any())
    if waits and (merged == known).all() and not told.besides:
        return WAITS if before is None else KNOWN, None
    besides = (b"" if before is None else before.besides) + np.array(told.besides, dtype=PRODUCTS).tobytes()
    return WAITS if waits else LEARNED, Response(told.number, None, now, merged.tobytes(), silent, besides)
