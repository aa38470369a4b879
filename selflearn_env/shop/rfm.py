"""RFM measures of the customers, and the seed's segments made from them."""

from __future__ import annotations

from dataclasses import dataclass

import kmeans1d
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from selflearn_env.shop.transactions import TransactionLog

CLUSTERS = 4
SEGMENTS = ("Q1", "Q2", "Q3", "Q4")
SEGMENT_OF_SCORE = np.array(["Q2", "Q2", "Q3", "Q1", "Q4", "Q4", "Q4", "Q4", "Q4", "Q4"])  # of the score sum 0..9
MEASURES = {"recency": -1, "frequency": 1, "monetary": 1}  # whether a cluster's score rises or falls with its centre


def rfm_table(log: TransactionLog) -> pd.DataFrame:
    """Frequency, recency, age and monetary value of each customer, over all rows that have one, cancellations included.

    The definitions are those of the `lifetimes` package (Fader, Hardie and Lee 2005), with the day as the unit.

    Returns:
        A frame indexed by customer, with the columns frequency (days with a transaction after the first), recency (days
        from the first to the last), T (days from the first to the end of the log) and monetary (mean spend per day over
        the days after the first, 0 without any; in money).
    """
    rows = log.frame[log.frame["customer"].notna()]
    codes, customers = pd.factorize(rows["customer"], sort=True)
    day = rows["time"].to_numpy().astype("datetime64[D]").astype(np.int64)
    spend = rows["quantity"].to_numpy() * rows["price"].to_numpy()

    origin = day.min()
    span = int(day.max() - origin) + 1
    key, position = np.unique(codes * span + (day - origin), return_inverse=True)  # one entry per customer and day
    daily_spend = np.bincount(position, weights=spend)
    customer, day_of = key // span, key % span
    start = np.flatnonzero(np.diff(customer, prepend=-1))
    end = np.append(start[1:], len(key)) - 1

    frequency = end - start
    later = np.ones(len(key), dtype=bool)
    later[start] = False
    total = np.bincount(customer[later], weights=daily_spend[later], minlength=len(customers))
    return pd.DataFrame(
        {
            "frequency": frequency,
            "recency": day_of[end] - day_of[start],
            "T": span - 1 - day_of[start],
            "monetary": np.divide(total, frequency, out=np.zeros(len(customers)), where=frequency > 0),
        },
        index=pd.Index(customers, name="customer"),
    )


@dataclass(frozen=True)
class Segmentation:
    """The seed's segments: one-dimensional clusters of recency, frequency and monetary value, scored and summed.

    Attributes:
        centres: per measure, its cluster centres in ascending order.
    """

    centres: dict[str, tuple[float, ...]]

    @classmethod
    def fit(cls, rfm: pd.DataFrame) -> Segmentation:
        """Exact k-means on each measure (Grønlund et al. 2017); a measure of few values gets as many clusters."""
        centres = {}
        for measure in MEASURES:
            values = rfm[measure].to_numpy(dtype=np.float64)
            clusters = min(CLUSTERS, np.unique(values).size)
            centres[measure] = tuple(kmeans1d.cluster(values, clusters).centroids)
        return cls(centres)

    def scores(self, rfm: pd.DataFrame) -> NDArray[np.int64]:
        """(customers,) the sum of the three scores, each the rank of the nearest centre."""
        total = np.zeros(len(rfm), dtype=np.int64)
        for measure, direction in MEASURES.items():
            centres = np.array(self.centres[measure])
            borders = (centres[1:] + centres[:-1]) / 2
            rank = np.searchsorted(borders, rfm[measure].to_numpy(dtype=np.float64))
            total += rank if direction > 0 else len(centres) - 1 - rank
        return total

    def assign(self, rfm: pd.DataFrame) -> pd.Series:
        """The segment of each customer, "Q1".."Q4"."""
        return pd.Series(SEGMENT_OF_SCORE[self.scores(rfm)], index=rfm.index, name="segment")


def segment_customers(rfm: pd.DataFrame) -> pd.Series:
    """The seed's segment of each customer, from the RFM measures of them all.

    Args:
        rfm: a frame as `rfm_table` makes it.

    Returns:
        customer -> "Q1".."Q4".

    Raises:
        ValueError: there are no customers, or a measure is missing or not finite.
    """
    missing = [measure for measure in MEASURES if measure not in rfm]
    if missing or rfm.empty:
        raise ValueError(f"rfm needs customers, and the columns {', '.join(MEASURES)}; see rfm_table")
    bad = ~np.isfinite(rfm[[*MEASURES]].to_numpy(dtype=np.float64)).all(axis=1)
    if bad.any():
        raise ValueError(f"rfm of customer {rfm.index[int(bad.argmax())]} is not finite")
    return Segmentation.fit(rfm).assign(rfm)
