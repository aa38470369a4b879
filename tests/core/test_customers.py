"""Every customer model keeps what it promises: responses, exact probabilities, and best slates belong together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from selflearn_env.core.customers import (
    CUSTOMERS,
    CascadeCustomers,
    LogitCustomers,
    PositionCustomers,
    PreferenceCustomers,
    SeedCustomers,
)
from selflearn_env.core.customers.seed import CLICKS, PURCHASES
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.slates import repeats
from selflearn_env.testing import CUSTOMER_RULES, CustomerTrial

P, N = 8, 3  # products of the tiny shop, and of a slate


@pytest.fixture(scope="session", params=sorted(CUSTOMERS))
def customers(request, tiny_shop):
    return CUSTOMERS[request.param].for_shop(tiny_shop.demand(), N)


@pytest.fixture(
    scope="session", params=[name for name in CUSTOMERS if issubclass(CUSTOMERS[name], PreferenceCustomers)]
)
def choosers(request, tiny_shop):
    """Those of the models whose customers have preferences."""
    return CUSTOMERS[request.param].for_shop(tiny_shop.demand(), N)


@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 9), st.just(N)), elements=st.integers(0, P - 1)), st.integers(0))
def test_repeats_are_ignored_and_do_not_count_twice(customers, slates, number):
    rng = np.random.default_rng(number)
    states = rng.integers(672, size=len(slates))
    uniforms = rng.random((len(slates), customers.uniforms)) ** 4  # small draws: many purchases and clicks
    repeated = repeats(slates)
    response = customers.respond(states, slates, repeated, uniforms)
    assert (response.dtype, response.shape) == (np.int8, slates.shape)
    assert np.isin(response, [0, 1, 2]).all()
    if repeated is not None:
        assert (response[repeated] == 0).all()
    if not isinstance(customers, CascadeCustomers | LogitCustomers):  # in these, slots look at each other
        expected = customers.respond(states, slates, None, uniforms)
        expected[np.zeros(slates.shape, bool) if repeated is None else repeated] = 0
        np.testing.assert_array_equal(response, expected)


@pytest.fixture(scope="module")
def trial(request, tiny_shop):
    kind = CUSTOMERS[request.param]
    return CustomerTrial(request.param, kind, {}, tiny_shop, N)


@pytest.mark.parametrize("trial", sorted(CUSTOMERS), indirect=True)
@pytest.mark.parametrize("rule", CUSTOMER_RULES, ids=lambda rule: rule.__name__)
def test_every_model_keeps_every_rule(rule, trial):
    rule(trial)


def answers(customers):
    """All that a model says of some slates, with repeats among them."""
    rng = np.random.default_rng(9)
    states, slates = np.arange(672), rng.integers(P, size=(672, N))
    uniforms = rng.random((672, customers.uniforms)) ** 4
    return [
        customers.respond(states, slates, repeats(slates), uniforms),
        customers.response_probability(states, slates, repeats(slates)),
        customers.random_response_probability(states),
        customers.optimal_slate(states, Rewards()),
        customers.optimal_slate(states, Rewards(buy=-1.0, click=2.0, ignore=1.0)),
    ]


def test_a_drift_of_one_changes_nothing_and_no_drift_the_original(customers):
    before = answers(customers)
    drifted = customers.drifted(np.geomspace(0.1, 10.0, P))
    if isinstance(customers, PreferenceCustomers):
        assert any((one != other).any() for one, other in zip(answers(drifted), before, strict=True))
    for again in (answers(customers), answers(customers.drifted(np.ones(P)))):
        for one, other in zip(again, before, strict=True):
            np.testing.assert_array_equal(one, other)


def plainly_drifted(model, factor):
    """Purchases in proportion, clicks of those who do not buy by the square root; none is more than certain."""
    table = model.appeal.astype(float)
    for pair, by in zip(table.reshape(-1, 2), np.tile(factor, len(table)), strict=True):
        if isinstance(model, LogitCustomers):
            pair[:] = pair[0] * by, min(1.0, pair[1] * by**0.5)
        else:
            click = (pair[1] - pair[0]) / (1.0 - pair[0]) if pair[0] < 1.0 else 1.0
            buy = min(1.0, pair[0] * by)
            pair[:] = buy, buy + (1.0 - buy) * min(1.0, click * by**0.5)
    return table.astype(np.float32)


@pytest.mark.parametrize("factor", [(0, 0.01, 0.3, 0.9, 1, 1.1, 3, 9), (0.5,) * P, (3.0, 0.0, 1e4, 0, 0, 0.2, 0, 0)])
def test_drifted_customers_are_those_of_the_drifted_table(choosers, factor):
    answers(choosers)  # which they remember
    drifted, states = choosers.drifted(np.array(factor, dtype=float)), np.arange(672)
    expected = type(choosers)(plainly_drifted(choosers, factor), N)
    theirs, ours = answers(drifted), answers(expected)
    np.testing.assert_allclose(theirs[1], ours[1], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(theirs[2], ours[2], rtol=1e-5, atol=1e-7)
    assert (theirs[0] != ours[0]).mean() < 1e-3  # a draw on the edge
    for best, other, amount in zip(theirs[3:], ours[3:], ([-2.0, 1.0, 5.0], [1.0, 2.0, -1.0]), strict=True):
        worth = [expected.response_probability(states, slates, None) @ amount for slates in (best, other)]
        np.testing.assert_allclose(*(each.sum(axis=1) for each in worth), rtol=1e-5, atol=1e-6)


def test_nobody_wants_what_is_sold_out(choosers):
    factor = np.ones(P)
    factor[[1, 4]] = 0.0
    out, states = choosers.drifted(factor), np.arange(672)
    slates = np.tile([1, 0, 4], (672, 1))
    response = out.respond(states, slates, None, np.zeros((672, out.uniforms)))
    assert (response[:, [0, 2]] == 0).all()
    assert (out.response_probability(states, slates, None)[:, [0, 2]] == [1.0, 0.0, 0.0]).all()
    assert np.isin(choosers.optimal_slate(states, Rewards()), [1, 4]).any()
    wanted = choosers.appeal[..., 0] > 0
    wanted[:, [1, 4]] = False
    enough = wanted.sum(axis=1) >= N
    assert enough.sum() > 100
    assert not np.isin(out.optimal_slate(states, Rewards())[enough], [1, 4]).any()


BAD = [
    [],
    [[0.5, 0.5]],
    0.5,
    "top",
    ["a"],
    [True, False],
    [0.5, None],
    {1: 0.5},
    [2.0],
    [-0.1],
    [np.nan],
    [0, 0],
    [[1, 2], [3]],
]


@pytest.mark.parametrize("value", BAD, ids=str)
def test_a_bad_examination_is_named(value):
    with pytest.raises(
        ValueError, match=r"examination (is a vector of|has|lets customers see none) .*, got "
    ) as mistake:
        PositionCustomers(np.zeros((1, P, 2), np.float32), N, examination=value)
    assert str(mistake.value).endswith(repr(value))


@pytest.mark.parametrize("value", [-1e-9, 1.1, np.nan, np.inf, True, np.True_, "0.5", None, [0.5], 0.5j], ids=str)
def test_a_bad_leave_is_named(value):
    with pytest.raises(ValueError, match=r"leave is a probability, 0\.\.1, got ") as mistake:
        CascadeCustomers(np.zeros((1, P, 2), np.float32), N, leave=value)
    assert str(mistake.value).endswith(repr(value))


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_seed_counts_are_drawn_first_then_the_products_uniformly(n):
    """All pairs (clicked, bought) of one slate: counts apart, then two subsets, each uniform and apart."""
    exact = np.zeros((n + 1, n + 1))
    for c, b in np.ndindex(CLICKS.size, PURCHASES.size):
        bought, shown = min(b, n), min(c, n)
        both = np.arange(shown + 1)  # clicked products that are bought as well; they count as bought
        weight = CLICKS[c] * PURCHASES[b] * stats.hypergeom.pmf(both, n, bought, shown)
        np.add.at(exact, (shown - both, bought), weight)
    assert exact.sum() == pytest.approx(1.0)

    visits = 200_000
    uniforms = np.random.default_rng(n).random((visits, 2 + 2 * n))
    model = SeedCustomers(50, n)
    slates = np.tile(np.arange(n), (visits, 1))
    response = model.respond(np.zeros(visits, int), slates, None, uniforms)
    cell = (response == 1).sum(axis=1) * (n + 1) + (response == 2).sum(axis=1)
    found, expected = np.bincount(cell, minlength=exact.size), exact.ravel() * visits
    order = np.argsort(-expected)
    last = np.count_nonzero(expected >= 5) - 1  # the rare cells join the rarest of the others
    groups = [*order[:last, None], order[last:]]
    totals = [[counts[group].sum() for group in groups] for counts in (found, expected)]
    assert stats.chisquare(*totals).pvalue > 1e-4
    for kind in (1, 2):  # no slot is favoured
        share = (response == kind).sum(axis=0)
        assert n == 1 or stats.chisquare(share).pvalue > 1e-4


def test_seed_counts_are_the_articles():
    tail = (0.025, 0.015, 0.0055, 0.002, 0.00125, 0.00124, 0.00001)
    assert CLICKS.tolist() == [0.50, 0.35, 0.10, *tail]
    assert PURCHASES.tolist() == [0.70, 0.15, 0.10, *tail]


def test_an_examination_that_reaches_no_slot_is_named():
    with pytest.raises(ValueError, match=r"examination lets customers see none of 3 slots, got \[0, 0, 0, 1\]"):
        PositionCustomers(np.zeros((1, P, 2), np.float32), 3, examination=[0, 0, 0, 1])
    assert PositionCustomers(np.zeros((1, P, 2), np.float32), 4, examination=[0, 0, 0, 1]).examination[3] == 1.0


def test_the_table_of_the_caller_stays_its_own():
    table = np.zeros((1, P, 2), np.float32)
    PositionCustomers(table, 3)
    table[0, 0, 0] = 0.5  # still writeable
