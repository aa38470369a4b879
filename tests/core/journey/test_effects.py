"""The journey: what each field may be, and what is said of a value that it may not."""

import pickle
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

import selflearn_env
from selflearn_env.core.journey.effects import Journey

NAMES = [known.name for known in fields(Journey)]
EDGES = {
    "returns": [False, True, np.True_],
    "segments": [False, True],
    "satiation": [0, 1, 0.5, np.float32(0.25)],
    "satiation_days": [None, 1e-6, 1e6, 30],
    "fatigue": [0, 0.999999],
    "fatigue_days": [1e-6, 1e6],
    "boredom": [0, 1],
    "delay": [1, 1e6],
    "leave": [0, 1],
    "patience": [1, 1_000_000, np.int64(2)],
    "horizon": [None, 1, 10_000, np.int64(30)],
}
OUTSIDE = {
    "satiation": ("a share, 0..1", [-1e-9, 1.000001]),
    "satiation_days": ("days, > 0", [0, -1.0]),
    "fatigue": ("a share, 0 <= fatigue < 1", [-1e-9, 1]),
    "fatigue_days": ("days, > 0", [0, -1.0]),
    "boredom": ("a share, 0..1", [-1e-9, 1.000001]),
    "delay": ("a factor >= 1", [0.999, 0, -2]),
    "leave": ("a probability, 0..1", [-1e-9, 1.000001]),
    "patience": ("a whole number of visits >= 1", [0, -1, 1.5]),
    "horizon": ("whole days >= 1", [0, -1, 1.5]),
}


def test_it_is_a_public_name():
    assert selflearn_env.Journey is Journey
    assert "Journey" in selflearn_env.__all__


def test_every_field_is_described_and_has_a_default():
    assert sorted(EDGES) == sorted(NAMES)
    assert Journey() == Journey(**{name: getattr(Journey(), name) for name in NAMES})
    for name in NAMES:
        assert f"        {name}: " in Journey.__doc__


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in EDGES.items() for value in values])
def test_a_value_at_the_edge_of_its_range_is_taken(name, value):
    assert getattr(Journey(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (_, values) in OUTSIDE.items() for value in [*values, np.nan, np.inf]]
)
def test_a_value_out_of_its_range_is_named(name, value):
    with pytest.raises(ValueError, match=rf"Journey\.{name} is ") as mistake:
        Journey(**{name: value})
    assert str(mistake.value) == f"Journey.{name} is {OUTSIDE[name][0]}, got {value!r}"


@pytest.mark.parametrize("value", ["1", [1], (0.5,), {}, 1j, True, np.array([1.0]), np.array(1.0)], ids=repr)
@pytest.mark.parametrize("name", NAMES[2:])
def test_what_is_no_number_is_named(name, value):
    with pytest.raises(TypeError, match=rf"Journey\.{name} must be a number, got ") as mistake:
        Journey(**{name: value})
    assert str(mistake.value).endswith(repr(value))


@pytest.mark.parametrize("name", [name for name in NAMES[2:] if name not in ("satiation_days", "horizon")])
def test_none_is_a_number_of_days_only_where_the_log_has_one(name):
    with pytest.raises(TypeError, match=rf"Journey\.{name} must be a number, got None"):
        Journey(**{name: None})


@pytest.mark.parametrize("value", [0, 1, 1.0, None, "yes", [True]], ids=repr)
@pytest.mark.parametrize("name", ["returns", "segments"])
def test_a_switch_is_true_or_false(name, value):
    with pytest.raises(TypeError, match=rf"Journey\.{name} is True or False, got ") as mistake:
        Journey(**{name: value})
    assert str(mistake.value).endswith(repr(value))


@pytest.mark.parametrize("name", ["patience", "horizon"])
def test_an_infinite_number_of_numpy_is_refused_without_a_warning(name):
    with pytest.raises(ValueError, match=rf"Journey\.{name} is "):
        Journey(**{name: np.float64("inf")})


@pytest.mark.parametrize("name", ["patience", "horizon"])
@pytest.mark.parametrize("value", [4.0, np.float32(4), np.int8(4)])
def test_a_whole_number_is_one_however_it_is_written(name, value):
    journey = Journey(**{name: value})
    assert type(getattr(journey, name)) is int
    assert journey == Journey(**{name: 4})


def test_an_unknown_field_is_a_type_error():
    with pytest.raises(TypeError, match="patince"):
        Journey(patince=2)


def test_off_has_no_effect_at_all():
    off, returning = Journey.off(), Journey.off(returns=True)
    assert (off.returns, returning.returns) == (False, True)
    assert replace(off, returns=True) == returning
    for name, nothing in (("satiation", 0), ("fatigue", 0), ("boredom", 0), ("delay", 1), ("leave", 0)):
        assert getattr(off, name) == nothing
    assert off.segments is False
    assert off.horizon is None


def test_it_never_changes_and_compares_by_value():
    one = Journey(leave=0.2)
    with pytest.raises(FrozenInstanceError):
        one.leave = 0.5
    assert one == Journey(leave=0.2)
    assert hash(one) == hash(Journey(leave=0.2))
    assert one != Journey()
    assert pickle.loads(pickle.dumps(one)) == one
