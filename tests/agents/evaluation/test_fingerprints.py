"""Two different options never share a text, and equal ones do, in every process."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from decimal import Decimal
from enum import IntEnum
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from selflearn_agents.evaluation.fingerprints import described


def first(given, more=1):
    return given


def second(given, more=1):
    return given


def adding(number):
    return lambda given: given + number


class Kind(IntEnum):
    ONE = 1


LARGE = np.arange(5_000)  # whose texts are "[0 1 2 ... 4999]", whatever is in the middle
OTHER = LARGE * (LARGE != 2_500)
PAIR = np.zeros(2, dtype=[("x", "f8"), ("y", "f8")])
OPTIONS_OF_ALL_KINDS = [
    *(None, True, 1, 1.0, 1 + 0j, "1", b"1", Kind.ONE, np.float64(1), np.float32(1), np.int64(1), np.bool_(True)),
    *(
        0.0,
        -0.0,
        float("nan"),
        float("inf"),
        [],
        (),
        {},
        [1, 2],
        (1, 2),
        {1, 2},
        frozenset({1, 2}),
        {(1, 2)},
        {(1, 2.0)},
    ),
    *({"a": 1}, {"a": 1.0}, {"a": True}, {1: "a"}, {"1": "a"}, {True: "a"}, {"list": ["list"]}, ["dict"], [["dict"]]),
    *(np.arange(2), np.arange(2.0), np.arange(2, dtype="i4"), np.arange(2)[None], np.arange(2)[:, None], LARGE, OTHER),
    *([LARGE], [OTHER], np.array([1, "a"], dtype=object), np.array([[1, "a"]], dtype=object), PAIR, PAIR.view("V16")),
    *(PAIR.astype([("x", "f8"), ("z", "f8")]), np.array(["2020-01-01"], "M8[D]"), np.array(["2020-01-01"], "M8[s]")),
    *(np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
    *(pd.Series(LARGE), pd.Series(OTHER), pd.Series(LARGE, name="x"), pd.Series(LARGE, index=LARGE[::-1])),
    *(
        pd.DataFrame({"a": [1, 2]}),
        pd.DataFrame({"b": [1, 2]}),
        pd.Series(["a", "b"]),
        pd.Series(["a", "b"], dtype="category"),
    ),
    *(
        pd.Timestamp("2020-01-01"),
        pd.Timestamp("2020-01-01", tz="UTC"),
        date(2020, 1, 1),
        Decimal("1"),
        range(2),
        slice(2),
    ),
    *(SimpleNamespace(a=[SimpleNamespace(b=LARGE)]), SimpleNamespace(a=[SimpleNamespace(b=OTHER)])),
    *(first, second, adding(1), adding(2), partial(first, 1), partial(first, 2), len, "a".upper, "b".upper, int, float),
    *(np.random.default_rng(0), np.random.default_rng(1), Path("nothing"), "nothing", bytearray(b"1")),
]


def test_two_options_never_share_a_file_and_equal_ones_do():
    one, other = (
        [json.dumps(described(option)) for option in options]
        for options in (OPTIONS_OF_ALL_KINDS, deepcopy(OPTIONS_OF_ALL_KINDS))
    )
    assert len(set(one)) == len(one), [option for option in one if one.count(option) > 1]
    assert one == other


def test_what_nobody_can_look_into_is_like_nothing_else():
    generator = (each for each in ())
    assert described(generator) != described(generator)


def test_an_option_may_hold_itself():
    one, other = [1], [2]
    one.append(one)
    other.append(other)
    assert described(one) == described(deepcopy(one)) != described(other)
