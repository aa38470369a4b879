"""Factors that agents are given, such as how many standard deviations they hope for."""

from __future__ import annotations

from typing import Any

from selflearn_env.core.numbers import is_number

MOST = 1e12  # of a factor: numbers of 4 bytes that it multiplies stay finite


def check_optimism(optimism: Any) -> float:
    """The optimism as a number.

    Raises:
        ValueError: it is negative, beyond 1e12, or no number.
    """
    return check_factor("optimism counts standard deviations", optimism)


def check_factor(meaning: str, factor: Any) -> float:
    """A factor as a number.

    Args:
        meaning: its name, and what it is.
        factor: the value.

    Raises:
        ValueError: it is negative, beyond 1e12, or no number.
    """
    if not is_number(factor) or not 0 <= factor <= MOST:
        raise ValueError(f"{meaning} and must be >= 0, got {factor!r}; it may be up to {MOST:g}")
    return float(factor)
