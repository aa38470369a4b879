"""The article's segments: one-dimensional clusters of recency, frequency and monetary value, scored and summed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEGMENTS = ("Q1", "Q2", "Q3", "Q4")
SEGMENT_OF_SCORE = np.array([1, 1, 2, 0, 3, 3, 3, 3, 3, 3])  # number of the segment, of the score sum 0..9
MEASURES = {"recency": -1, "frequency": 1, "monetary": 1}  # whether a cluster's score rises or falls with its centre


@dataclass(frozen=True)
class Segmentation:
    """Which segment a customer with these RFM measures belongs to.

    Attributes:
        centres: per measure, its cluster centres in ascending order.
    """

    centres: Mapping[str, tuple[float, ...]]

    def scores(self, measures: Mapping[str, Any]) -> NDArray[np.int64]:
        """(customers,) the sum of the three scores, each the rank of the nearest centre.

        Args:
            measures: (customers,) of each of recency and frequency, in days, and monetary, in money.
        """
        scores = []
        for measure, borders in self._borders.items():
            values = np.asarray(measures[measure], dtype=np.float64)
            rank = borders.searchsorted(values)
            scores.append(rank if MEASURES[measure] > 0 else len(borders) - rank)
        return np.sum(scores, axis=0)

    def numbers(self, measures: Mapping[str, Any]) -> NDArray[np.int64]:
        """(customers,) the segment of each customer, as a position in `SEGMENTS`; arguments as for `scores`."""
        return SEGMENT_OF_SCORE.take(self.scores(measures))

    @cached_property
    def _borders(self) -> dict[str, NDArray[np.float64]]:
        """The borders of the clusters, half-way between neighbouring centres."""
        centres = {measure: np.array(self.centres[measure]) for measure in MEASURES}
        return {measure: (of[1:] + of[:-1]) / 2 for measure, of in centres.items()}
