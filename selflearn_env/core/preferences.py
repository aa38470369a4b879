"""What the simulated customers want: the probabilities that they buy or click a product shown to them.

The log tells purchases per visit, not purchases per showing. A product is therefore bought with a probability
proportional to its purchase incidence in the state, and clicked with one proportional to the square root of it: clicks
are less selective than purchases. Two factors set the level, such that a given starting slate of each state earns a
given number of purchases and clicks per visit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Preferences:
    """Purchase and click probabilities of each product in each state.

    Attributes:
        thresholds: (S, P, 2) float32; the probability that a shown product is bought, and that it is bought or clicked.
    """

    thresholds: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.thresholds.flags.writeable = False

    @property
    def buy(self) -> NDArray[np.float32]:
        """(S, P) probability that the product is bought when it is shown."""
        return self.thresholds[..., 0]

    @property
    def click(self) -> NDArray[np.float32]:
        """(S, P) probability that the product is clicked and not bought when it is shown."""
        return self.thresholds[..., 1] - self.thresholds[..., 0]


def calibrated_preferences(
    incidence: NDArray[np.float64],
    slates: NDArray[np.int64],
    state_probability: NDArray[np.float64],
    purchases: float,
    clicks: float,
) -> Preferences:
    """Preferences proportional to incidence (purchases) and its square root (clicks), at the level asked for.

    A shown product is bought with b = min(1, x * incidence) and, if it is not, clicked with
    c = min(1, y * sqrt(incidence)).

    Args:
        incidence: (S, P) purchases per visit.
        slates: (S, m) the starting slate of each state.
        state_probability: (S,) how often each state visits.
        purchases: purchases per visit that the starting slates earn.
        clicks: clicks on products not bought, per visit, that they earn.

    Raises:
        ValueError: no level of interest reaches that many purchases or clicks with these slates.
    """
    shown = np.take_along_axis(incidence, slates, axis=1)
    weight = state_probability[:, None]

    def buys(level: float) -> NDArray[np.float64]:
        return np.minimum(1.0, level * shown)

    buy_level = _level(lambda x: float((weight * buys(x)).sum()), purchases, "purchases")
    left = weight * (1.0 - buys(buy_level))
    root = np.sqrt(shown)
    click_level = _level(lambda y: float((left * np.minimum(1.0, y * root)).sum()), clicks, "clicks")

    thresholds = np.empty((*incidence.shape, 2), dtype=np.float32)
    for state, row in enumerate(incidence):  # row by row: the whole in float64 would double the memory
        buy = np.minimum(1.0, buy_level * row)
        thresholds[state, :, 0] = buy
        thresholds[state, :, 1] = buy + (1.0 - buy) * np.minimum(1.0, click_level * np.sqrt(row))
    return Preferences(thresholds)


def _level(earned: Callable[[float], float], target: float, what: str) -> float:
    """The factor at which a growing function earns the target, by bisection to double precision."""
    high = 1.0
    while earned(high) < target:
        high *= 2.0
        if high > 1e12:
            raise ValueError(
                f"the starting slates cannot earn {target:.3f} {what} per visit: too few of their products were "
                f"bought by the simulated customers. The log is too small; give it more visits"
            )
    low = 0.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if earned(middle) < target else (low, middle)
    return high
