"""RFM and segments against slow code written from their definitions."""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn_env import load_transactions, rfm_table, segment_customers
from selflearn_env.shop.fitting.rfm import fit_segmentation

ROWS = st.tuples(
    st.sampled_from([4, 11, 12, 13, None]),  # customer
    st.integers(0, 9),  # day
    st.integers(0, 23),  # hour
    st.integers(-3, 5),  # quantity
    st.sampled_from([0.0, 0.25, 1.0, 2.5]),  # price: sums of these are exact
)


def log_of(rows):
    customers, days, hours, quantities, prices = zip(*rows, strict=True)
    times = [pd.Timestamp(2024, 2, 25) + pd.Timedelta(days=d, hours=h) for d, h in zip(days, hours, strict=True)]
    return load_transactions(
        pd.DataFrame(
            {
                **{"invoice": "1", "product": "A", "quantity": quantities, "time": times, "price": prices},
                "customer": pd.array(customers, dtype="Int64"),
            }
        )
    )


def rfm_by_hand(rows):
    """customer -> (frequency, recency, T, monetary), one row at a time."""
    spent = {}
    end = max(day for customer, day, *_ in rows if customer is not None)
    for customer, day, _, quantity, price in rows:
        if customer is not None:
            days = spent.setdefault(customer, {})
            days[day] = days.get(day, 0.0) + quantity * price
    table = {}
    for customer, days in spent.items():
        first, last = min(days), max(days)
        repeats = [money for day, money in days.items() if day != first]
        mean = sum(repeats) / len(repeats) if repeats else 0.0
        table[customer] = (len(repeats), last - first, end - first, mean)
    return table


@settings(max_examples=60)
@given(st.lists(ROWS, min_size=1, max_size=25).filter(lambda rows: any(row[0] is not None for row in rows)))
def test_rfm_as_defined(rows):
    table = rfm_table(log_of(rows))
    expected = rfm_by_hand(rows)
    assert table.index.tolist() == sorted(expected)
    assert table.columns.tolist() == ["frequency", "recency", "T", "monetary"]
    for customer, measures in expected.items():
        assert tuple(table.loc[customer]) == pytest.approx(measures)


def test_rfm_of_named_customers():
    log = load_transactions(
        pd.DataFrame(
            {
                "invoice": ["1", "2", "3"],
                "product": "A",
                "quantity": [1, 2, -1],
                "time": pd.to_datetime(["2024-02-28 23:59", "2024-03-01 00:00", "2024-03-02 08:00"]),
                "price": 3.0,
                "customer": ["bob", "bob", "anna"],
            }
        )
    )
    table = rfm_table(log)
    assert table.index.tolist() == ["anna", "bob"]
    assert table.loc["bob"].tolist() == [1, 2, 3, 6.0]  # 2024 is a leap year
    assert table.loc["anna"].tolist() == [0, 0, 0, 0.0]


def best_clusters(values, k):
    """Of all ways to cut the sorted values in k, the one with the least squared distance to the means."""
    ordered = sorted(values)

    def parts(cuts):
        edges = [0, *cuts, len(ordered)]
        return [ordered[a:b] for a, b in pairwise(edges)]

    def error(clusters):
        return sum((value - sum(part) / len(part)) ** 2 for part in clusters for value in part)

    return min((parts(cuts) for cuts in combinations(range(1, len(ordered)), k - 1)), key=error)


def segments_by_hand(rfm):
    """customer -> (score sum, segment)."""
    total = dict.fromkeys(rfm.index, 0)
    for measure in ("recency", "frequency", "monetary"):
        clusters = best_clusters(rfm[measure].tolist(), 4)  # ascending
        for customer, value in rfm[measure].items():
            rank = next(rank for rank, part in enumerate(clusters) if value in part)
            total[customer] += 3 - rank if measure == "recency" else rank
    names = {0: "Q2", 1: "Q2", 2: "Q3", 3: "Q1"}
    return {customer: (score, names.get(score, "Q4")) for customer, score in total.items()}


@pytest.mark.parametrize("seed", range(12))
def test_segments_as_defined(seed):
    rng = np.random.default_rng(seed)
    measures = rng.gamma(1.0, 100.0, size=(10, 3))  # continuous, so that the best clusters are unique
    rfm = pd.DataFrame(measures, columns=["recency", "frequency", "monetary"], index=rng.permutation(10) + 300)
    expected = segments_by_hand(rfm)
    scores = dict(zip(rfm.index, fit_segmentation(rfm).scores(rfm), strict=True))
    assert scores == {customer: score for customer, (score, _) in expected.items()}
    assert segment_customers(rfm).to_dict() == {customer: segment for customer, (_, segment) in expected.items()}


@pytest.mark.parametrize("seed", range(3))
def test_others_join_the_nearest_cluster(seed):
    rng = np.random.default_rng(seed)
    known, others = (
        pd.DataFrame(rng.gamma(1.0, 100.0, size=(n, 3)), columns=["recency", "frequency", "monetary"]) for n in (20, 30)
    )
    segmentation = fit_segmentation(known)
    scores = segmentation.scores(others)
    for row, score in zip(others.itertuples(), scores, strict=True):
        ranks = {
            measure: int(np.argmin([abs(getattr(row, measure) - centre) for centre in segmentation.centres[measure]]))
            for measure in ("recency", "frequency", "monetary")
        }
        assert score == 3 - ranks["recency"] + ranks["frequency"] + ranks["monetary"]


def test_customers_that_are_all_alike_share_a_segment():
    rfm = pd.DataFrame({"recency": [0] * 5, "frequency": [0] * 5, "T": [1] * 5, "monetary": [0.0] * 5})
    assert segment_customers(rfm).tolist() == ["Q2"] * 5


def test_segments_need_whole_measures():
    table = pd.DataFrame({"frequency": [1, 2], "recency": [3, 4], "monetary": [1.0, np.nan]}, index=[7, 8])
    with pytest.raises(ValueError, match="rfm of customer 8 is not finite"):
        segment_customers(table)
    with pytest.raises(ValueError, match="rfm needs customers, and the columns recency, frequency, monetary"):
        segment_customers(table[["frequency"]])
    with pytest.raises(ValueError, match="rfm needs customers"):
        segment_customers(table.iloc[:0])
