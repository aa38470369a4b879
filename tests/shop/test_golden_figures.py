"""The published figures of the embedded log: all of it is history, and every product is kept."""

import numpy as np
import pytest

from selflearn_env import rfm_table, segment_customers
from selflearn_env.shop.fitting.rfm import fit_segmentation


@pytest.fixture(scope="module")
def rfm(retail_log):
    return rfm_table(retail_log)


@pytest.fixture(scope="module")
def segmentation(rfm):
    return fit_segmentation(rfm)


def test_rows_invoices_products_and_customers(retail_log):
    frame = retail_log.frame
    assert (len(frame), frame["invoice"].nunique(), frame["product"].nunique()) == (541_909, 25_900, 4_070)
    assert frame["customer"].nunique() == 4_372


def test_rows_that_count_differently(retail_log):
    frame, noted = retail_log.frame, retail_log.report.noted
    assert (frame["customer"].isna().sum(), noted["without a customer"]) == (135_080, 135_080)
    assert ((frame["quantity"] < 0).sum(), noted["with a negative quantity"]) == (10_624, 10_624)
    assert (retail_log.cancelled.sum(), noted["of cancelled invoices"]) == (9_288, 9_288)


def test_nothing_of_the_log_is_dropped(retail_log):
    assert retail_log.report.rows_read == retail_log.report.rows_kept == 541_909


def test_purchases(retail_log):
    bought = retail_log.frame[retail_log.purchases]
    assert (len(bought), bought["invoice"].nunique()) == (397_884, 18_532)
    assert (bought["customer"].nunique(), bought["product"].nunique()) == (4_338, 3_665)


@pytest.mark.parametrize(
    ("customer", "measures"),
    [
        (12346, (0, 0, 325, 0)),
        (12347, (6, 365, 367, 599.701667)),
        (12348, (3, 283, 358, 301.48)),
        (18283, (13, 334, 337, 152.802308)),
    ],
)
def test_rfm(rfm, customer, measures):
    assert tuple(rfm.loc[customer, ["frequency", "recency", "T", "monetary"]]) == pytest.approx(measures, abs=5e-7)


@pytest.mark.parametrize(
    ("measure", "centres", "rounding"),
    [
        ("recency", (7.98, 116.82, 228.30, 334.93), 0.005),
        ("frequency", (1.21, 7.81, 23.41, 92.33), 0.005),
        ("monetary", (66.0, 432.9, 1746.8, 6900.3), 0.05),
    ],
)
def test_cluster_centres(segmentation, measure, centres, rounding):
    assert segmentation.centres[measure] == pytest.approx(centres, abs=rounding)


def test_score_sums(segmentation, rfm):
    assert np.bincount(segmentation.scores(rfm)).tolist() == [134, 588, 1080, 2319, 231, 19, 1]


def test_segments_follow_from_the_score_sums(rfm):
    sizes = segment_customers(rfm).value_counts()
    assert sizes.to_dict() == {"Q2": 134 + 588, "Q3": 1080, "Q1": 2319, "Q4": 231 + 19 + 1}


def test_states_seen(seed_shop):
    states, seen = seed_shop.states, seed_shop.history.seen.any(axis=1)
    assert (states.shape, states.size) == ((4, 12, 2, 7), 672)
    assert seen.sum() == 572
    saturday = states.tiers[3].labels.index("Saturday")
    assert (states.table[~seen, 3] == saturday).sum() == 96


def test_products_of_each_segment(seed_shop):
    assert seed_shop.states.tiers[0].labels == ("Q1", "Q2", "Q3", "Q4")
    assert seed_shop.history.segment_products.sum(axis=1).tolist() == [3429, 3216, 3361, 3147]


def test_one_state_in_detail(seed_shop):
    history = seed_shop.history
    state = seed_shop.states.parse("Q4_September_1_Wednesday")
    seen = np.flatnonzero(history.seen[state])
    assert len(seen) == 848
    first = dict(zip(seed_shop.catalogue.ids[seen[:12]], history.quantity[state, seen[:12]], strict=True))
    assert first == {
        **{"10125": 20, "10135": 5, "11001": 2, "15044B": 3, "15044D": 6, "15056BL": 3},
        **{"15056N": 3, "16161P": 25, "16169E": 50, "16218": 240, "16225": 5, "16235": 62},
    }


def test_history_has_all_purchases(seed_shop):
    history = seed_shop.history
    assert history.visits.sum() == 18_532
    assert history.purchases.any(axis=0).sum() == 3_665
    assert history.purchases.sum() / history.visits.sum() == pytest.approx(21, abs=0.5)
    assert history.seen.sum() == pytest.approx(264_500, abs=50)


def test_shop_accounts_for_every_row(seed_shop):
    report = seed_shop.report
    assert report.rows_read == 541_909
    assert {reason: count for reason, count in report.dropped.items() if count} == {"without a customer": 135_080}
    assert report.noted["are purchases"] == 397_884
