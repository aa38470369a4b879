"""The best few of many scores, and of many draws without making most of them."""

from __future__ import annotations

from functools import cache
from math import log, log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.eligible import EVERYTHING
from selflearn_env.core.compiling import Loop

BINS = 1024  # of the uniform numbers, in each of which a draw has a bound
LEAST = 2.0**-54  # takes the place of a uniform number of 0


def best_scores(
    scores: NDArray[np.floating], count: int, eligible: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """(R, count) columns of the greatest scores (R, P) in each row, best first; equal ones in the order of columns.

    Of the eligible ones (R, P), at least `count` in each row; None for all.
    """
    best = np.empty((len(scores), count), dtype=np.int64)
    choose(scores, EVERYTHING if eligible is None else eligible, best)
    return best


def best_normal(
    mean: NDArray[np.floating],
    spread: NDArray[np.floating],
    rows: NDArray[np.int64],
    uniform: NDArray,
    count: int,
    eligible: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """(B, count) columns of the greatest mean + spread * Z, best first, with Z standard normal.

    Z is what the normal distribution exceeds with the probability of the uniform number: the law is exact. Most draws
    are never made: within a bin of uniform numbers Z has a bound, with which most cannot come among the best.

    Args:
        mean: (R, P) means.
        spread: (R, P) standard deviations, >= 0.
        rows: (B,) the row of each draw.
        uniform: (B, P) uniform numbers, 0 <= u < 1.
        count: how many columns.
        eligible: (B, P) columns that may be chosen, at least `count` for each draw; None for all.
    """
    best = np.empty((len(rows), count), dtype=np.int64)
    choose_drawn(mean, spread, rows, uniform, True, _bounds(True), EVERYTHING if eligible is None else eligible, best)
    return best


def best_gumbel(
    mean: NDArray[np.floating], uniform: NDArray, count: int, eligible: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """(B, count) the same for mean + G of (B, P) means, with G of the standard Gumbel distribution."""
    best = np.empty((len(mean), count), dtype=np.int64)
    allowed = EVERYTHING if eligible is None else eligible
    choose_drawn(mean, np.ones_like(mean), np.arange(len(mean)), uniform, False, _bounds(False), allowed, best)
    return best


@cache
def _bounds(is_normal: bool) -> NDArray[np.float64]:
    """(BINS,) the greatest draw of each bin of uniform numbers."""
    return np.array([exceeded(max(place / BINS, LEAST), is_normal) for place in range(BINS)])


@Loop
def choose(scores: NDArray, eligible: NDArray, best: NDArray) -> None:
    """Writes the columns of the greatest scores (R, P) of those eligible, (R, P) or `EVERYTHING`, into best (R, n)."""
    values, everything = np.empty(best.shape[1]), eligible.shape[0] == 0
    for row in range(best.shape[0]):
        values[:] = -np.inf
        for column in range(scores.shape[1]):
            if everything or eligible[row, column]:
                insert(values, best[row], np.float64(scores[row, column]), column)


@Loop
def choose_drawn(
    mean: NDArray, spread: NDArray, rows: NDArray, uniform: NDArray, is_normal: bool, bounds: NDArray,
    eligible: NDArray, best: NDArray,
) -> None:  # fmt: skip
    """Writes the columns of the greatest mean + spread * draw of the eligible (B, P), or EVERYTHING, to best (B, n)."""
    values, everything = np.empty(best.shape[1]), eligible.shape[0] == 0
    for visit in range(rows.size):
        row = rows[visit]
        values[:] = -np.inf
        for column in range(mean.shape[1]):
            share, middle, width = (
                uniform[visit, column],
                np.float64(mean[row, column]),
                np.float64(spread[row, column]),
            )
            allowed = everything or eligible[visit, column]
            if allowed and middle + width * bounds[int(share * BINS)] > values[-1]:
                value = middle + width * exceeded(max(share, LEAST), is_normal)
                insert(values, best[visit], value, column)


@Loop
def insert(values: NDArray, columns: NDArray, value: float, column: int) -> None:
    """Takes in a column if its value is greater than the least of the descending values (n,)."""
    at = values.size - 1
    if value > values[at]:
        while at > 0 and value > values[at - 1]:
            values[at], columns[at] = values[at - 1], columns[at - 1]
            at -= 1
        values[at], columns[at] = value, column


@Loop
def exceeded(share: float, is_normal: bool) -> float:
    """What the standard normal, or else the standard Gumbel distribution exceeds with this probability, 0 < p < 1.

    For the normal by the rational functions of algorithm AS 241 (Wichura 1988), exact to about 16 digits.
    """
    if not is_normal:
        return -log(-log1p(-share))
    middle = share - 0.5
    if abs(middle) <= 0.425:
        r = 0.180625 - middle * middle
        over = ((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
        over = (((over + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
        over = (over + 133.14166789178437745) * r + 3.387132872796366608
        under = ((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
        under = (((under + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
        return -middle * over / ((under + 42.313330701600911252) * r + 1.0)
    r = sqrt(-log(min(share, 1.0 - share)))
    if r <= 5.0:
        r -= 1.6
        over = ((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
        over = (((over + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
        over = (over + 4.6303378461565452959) * r + 1.42343711074968357734
        under = ((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
        under = (((under + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
        value = over / ((under + 2.05319162663775882187) * r + 1.0)
    else:
        r -= 5.0
        over = ((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
        over = (((over + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
        over = (over + 5.4637849111641143699) * r + 6.6579046435011037772
        under = ((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
        under = (((under + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.1369298809227358053) * r
        value = over / ((under + 0.59983220655588793769) * r + 1.0)
    return value if middle < 0.0 else -value
