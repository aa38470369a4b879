"""How many standard deviations agents hope for that explore by upper confidence bounds."""

from __future__ import annotations

import math
from typing import Any

from selflearn_env.core.numbers import is_number


def check_optimism(optimism: Any) -> float:
    """The optimism as a number.

    Raises:
        ValueError: it is negative, infinite or no number.
    """
    if not is_number(optimism) or not 0 <= optimism < math.inf:
        raise ValueError(f"optimism counts standard deviations and must be >= 0, got {optimism!r}")
    return float(optimism)
