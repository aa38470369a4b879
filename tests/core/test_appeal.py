"""The appeal is the same, whether it is kept in a table or made when it is looked at."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from selflearn_env.core.customers import CUSTOMERS, preference
from selflearn_env.core.customers.appeal import KeptAppeal, MadeAppeal
from selflearn_env.core.rewards import Rewards

MODELS = [name for name in CUSTOMERS if name != "seed"]


@pytest.fixture
def both(tiny_shop, monkeypatch, request):
    """A model with a table, and the same model of a catalogue that counts as large."""
    kind = CUSTOMERS[request.param]
    kept = kind.for_shop(tiny_shop.demand(), 3)
    monkeypatch.setattr(preference, "DENSE", 0)
    made = kind.for_shop(tiny_shop.demand(), 3)
    assert (type(kept._appeal), type(made._appeal)) == (KeptAppeal, MadeAppeal)
    return kept, made


@pytest.mark.parametrize("both", MODELS, indirect=True)
@pytest.mark.parametrize("drifts", [False, True])
def test_both_respond_alike(both, drifts):
    rng = np.random.default_rng(0)
    if drifts:
        factor = np.exp(rng.normal(size=both[0]._appeal.products))
        both = [model.drifted(factor) for model in both]
    states, slates = rng.integers(672, size=500), rng.permuted(np.tile(np.arange(8), (500, 1)), axis=1)[:, :3]
    uniforms = rng.random((500, both[0].uniforms))
    attention = rng.random((500, 3)).astype(np.float32)
    for models in (both, [model.attending(attention) for model in both]):
        np.testing.assert_array_equal(*[model.respond(states, slates, None, uniforms) for model in models])
        np.testing.assert_array_equal(*[model.response_probability(states, slates, None) for model in models])
    np.testing.assert_array_equal(*[model.optimal_slate(states, Rewards()) for model in both])
    np.testing.assert_array_equal(*[model.random_response_probability(states) for model in both])


@pytest.mark.parametrize("both", MODELS, indirect=True)
def test_the_tables_are_equal_and_read_only(both):
    np.testing.assert_array_equal(*[model.appeal for model in both])
    for model in both:
        with pytest.raises(ValueError, match="read-only"):
            model.appeal[0, 0, 0] = 1.0


@pytest.mark.parametrize("both", MODELS, indirect=True)
def test_both_can_be_pickled(both):
    for model in both:
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.appeal, model.appeal)
        with pytest.raises(ValueError, match="read-only"):
            again.appeal[0, 0, 0] = 1.0


def test_rows_worked_on_at_once_make_no_difference(tiny_shop, monkeypatch):
    model = CUSTOMERS["cascade"].for_shop(tiny_shop.demand(), 3)
    expected = model.optimal_slate(np.arange(672), Rewards())
    monkeypatch.setattr(preference, "CELLS", 1)
    model = CUSTOMERS["cascade"].for_shop(tiny_shop.demand(), 3)
    np.testing.assert_array_equal(model.optimal_slate(np.arange(672), Rewards()), expected)
    assert len(model._slices(10)) == 10
