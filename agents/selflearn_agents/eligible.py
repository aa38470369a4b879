"""Which products may be shown, as compiled loops are told."""

from __future__ import annotations

import numpy as np

from selflearn_env.core.compiling import Loop

EVERYTHING = np.ones((0, 0), dtype=np.bool_)  # in the place of (B, P): all products may be shown to all visits


@Loop
def may_show(eligible, visit, product):  # type: ignore[no-untyped-def]
    """Whether a product may be shown to a visit."""
    return len(eligible) == 0 or eligible[visit, product]
