"""The switches of what makes customers persons."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from selflearn_env.core.people.effects import Tastes


def test_all_is_on_unless_switched_off():
    assert astuple(Tastes()) == (True, True, True)
    assert astuple(Tastes.off()) == (False, False, False)
    assert [Tastes(taste=False, repeat=False).any, Tastes.off().any] == [True, False]


@pytest.mark.parametrize("name", ["taste", "repeat", "activity"])
def test_a_switch_is_true_or_false(name):
    with pytest.raises(TypeError, match=f"Tastes.{name} is True or False, got 1"):
        Tastes(**{name: 1})
