"""RFM measures of the customers, and the article's segments made from them."""

from __future__ import annotations

import kmeans1d
import numpy as np
import pandas as pd

from selflearn_env.core.segmentation import MEASURES, SEGMENTS, Segmentation
from selflearn_env.shop.reading.ledger import Ledger, read_ledger
from selflearn_env.shop.reading.transactions import TransactionLog

CLUSTERS = 4


def rfm_table(log: TransactionLog) -> pd.DataFrame:
    """Frequency, recency, age and monetary value of each customer, over all rows that have one, cancellations included.

    The definitions are those of the `lifetimes` package (Fader, Hardie and Lee 2005), with the day as the unit.

    Returns:
        A frame indexed by customer, with the columns frequency (days with a transaction after the first), recency (days
        from the first to the last), T (days from the first to the end of the log) and monetary (mean spend per day over
        the days after the first, 0 without any, and 0 where the log has no prices; in money).
    """
    return measures(read_ledger(log))


def measures(ledger: Ledger) -> pd.DataFrame:
    """What `rfm_table` returns, from a ledger."""
    customer, day, amount = ledger.daily
    start = np.flatnonzero(np.diff(customer, prepend=-1))
    end = np.append(start[1:], len(customer)) - 1
    frequency = end - start
    later = np.ones(len(customer), dtype=bool)
    later[start] = False
    total = np.bincount(customer[later], weights=amount[later], minlength=len(start))
    return pd.DataFrame(
        {
            "frequency": frequency,
            "recency": day[end] - day[start],
            "T": day.max() - day[start],
            "monetary": np.divide(total, frequency, out=np.zeros(len(start)), where=frequency > 0),
        },
        index=pd.Index(ledger.customers, name="customer"),
    )


def fit_segmentation(rfm: pd.DataFrame) -> Segmentation:
    """Exact k-means on each measure (Grønlund et al. 2017); a measure of few values gets as many clusters."""
    centres = {}
    for measure in MEASURES:
        values = rfm[measure].to_numpy(dtype=np.float64)
        clusters = min(CLUSTERS, np.unique(values).size)
        centres[measure] = tuple(kmeans1d.cluster(values, clusters).centroids)
    return Segmentation(centres)


def segment_customers(rfm: pd.DataFrame) -> pd.Series:
    """The article's segment of each customer, from the RFM measures of them all.

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
    numbers = fit_segmentation(rfm).numbers(rfm)
    return pd.Series(np.array(SEGMENTS)[numbers], index=rfm.index, name="segment")
