"""What every estimator makes of a log: columns of numerators and denominators, visit by visit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Terms(NamedTuple):
    """The estimate is the sum over the m columns of sum(top) / sum(bottom), over V visits.

    Attributes:
        top: (V, m) weighted rewards, in reward units.
        bottom: (V, m) ones where the estimate is a mean, the weights where it is self-normalised.
        weight: (V, w) the weights of the rewards, each 1 on average; none, w = 0, where nothing is weighted.
    """

    top: NDArray[np.float64]
    bottom: NDArray[np.float64]
    weight: NDArray[np.float64]

    @classmethod
    def mean(cls, values: NDArray[np.float64], weight: NDArray[np.float64]) -> Terms:
        """Of an estimate that is the mean of values (V,)."""
        return cls(values[:, None], np.ones((len(values), 1)), weight)

    def less(self, values: NDArray[np.float64]) -> Terms:
        """Of the same estimate less the mean of values (V,) of the same visits."""
        ones = np.ones(len(values))
        return Terms(np.column_stack([self.top, -values]), np.column_stack([self.bottom, ones]), self.weight)

    @property
    def is_mean(self) -> bool:
        """Whether the estimate is a plain mean over the visits."""
        return bool((self.bottom == 1).all())

    @property
    def value(self) -> float:
        """The estimate, in reward units per visit; nan where all weights are 0 and are to be divided by."""
        return float(ratios(_columns(self.top).sum(axis=1), _columns(self.bottom).sum(axis=1)))


def ratios(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    """(...) sums over the last axis of top / bottom; nan where something is divided by 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.where(bottom == 0, np.nan, top) / bottom).sum(axis=-1)


def _columns(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, V) of (V, m): sums along long rows are many times faster than down short ones."""
    return np.ascontiguousarray(rows.T)
