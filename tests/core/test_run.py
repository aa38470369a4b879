"""Random run: one row per visit whatever the size of the batches, and one purpose apart from the others."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn_env.core.run import BLOCK, Run

BATCHES = st.lists(st.sampled_from([0, 1, 2, 7, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK]), min_size=1, max_size=8)
PURPOSES = ("visits", "responses", "noise", "life", "pasts", "baskets")
STREAMS = (
    "visits",
    "responses",
    "noise",
    "drift",
    "life",
    "pasts",
    "baskets",
)  # in the order in which they are spawned


def make_run(seed=5):
    return Run(np.random.default_rng(seed), positions=1000, uniforms=4, slate_size=3, products=8, drift=None)


def plain_draws(purpose, rows, seed=5):
    rng = dict(zip(STREAMS, np.random.default_rng(seed).spawn(len(STREAMS)), strict=True))[purpose]
    draw = {
        "visits": lambda: rng.integers(1000, size=rows),
        "responses": lambda: rng.random((rows, 4)),
        "noise": lambda: rng.standard_normal((rows, 3)),
        "life": lambda: rng.random((rows, 2)),
        "pasts": lambda: rng.random((rows, 1)),
        "baskets": lambda: rng.integers(2**64, size=rows, dtype=np.uint64),
    }
    return draw[purpose]()


@pytest.mark.parametrize("purpose", PURPOSES)
@given(batches=BATCHES)
def test_the_rows_do_not_depend_on_the_batches(purpose, batches):
    stream = getattr(make_run(), purpose)
    taken = [stream.take(rows) for rows in batches]
    assert [len(rows) for rows in taken] == batches
    np.testing.assert_array_equal(np.concatenate(taken), plain_draws(purpose, sum(batches)))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_what_others_draw_does_not_shift_a_stream(purpose):
    run = make_run()
    for other in set(PURPOSES) - {purpose}:
        getattr(run, other).take(700)
    np.testing.assert_array_equal(getattr(run, purpose).take(20), plain_draws(purpose, 20))


def test_the_purposes_and_the_seeds_draw_different_numbers():
    run = Run(np.random.default_rng(1), positions=1000, uniforms=3, slate_size=3, products=8, drift=None)
    again = Run(np.random.default_rng(2), positions=1000, uniforms=3, slate_size=3, products=8, drift=None)
    responses = run.responses.take(50)
    assert not np.isin(responses, run.noise.take(50)).any()
    assert not np.isin(responses, again.responses.take(50)).any()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda stream: pickle.loads(pickle.dumps(stream))])
def test_a_copy_goes_on_from_the_same_row(duplicate):
    run = make_run()
    run.responses.take(3)
    other = duplicate(run)
    np.testing.assert_array_equal(other.responses.take(2 * BLOCK), run.responses.take(2 * BLOCK))
    np.testing.assert_array_equal(other.visits.take(1), run.visits.take(1))
