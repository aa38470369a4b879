"""What the shop sees of visits: read-only, and the same in parts as in one piece."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from selflearn_env.core.items import Items
from selflearn_env.core.seen import UNKNOWN, SeenVisits


def test_of_states_nothing_else_is_known_and_nothing_can_be_changed():
    seen = SeenVisits.of_states(np.array([3, 1, 2]))
    assert len(seen) == 3
    assert seen.customer.tolist() == [UNKNOWN] * 3
    for field in fields(seen):
        if field.name != "record":
            with pytest.raises(ValueError, match="read-only"):
                getattr(seen, field.name)[0] = 1


def test_rows_and_parts_are_those_of_the_whole():
    numbers = {name: np.arange(4) + 10 * place for place, name in enumerate(SeenVisits.__dataclass_fields__)}
    record = Items(np.array([0, 2, 2, 3, 5]), np.arange(5, dtype=np.int32), np.arange(5) + 100)
    seen = SeenVisits(**numbers | {"record": record})
    back = SeenVisits.joined([seen.rows(np.array([0])), seen.rows(np.array([3, 1]))])
    assert back.state.tolist() == [0, 3, 1]
    assert back.empty.tolist() == [50, 53, 51]
    assert back.record.start.tolist() == [0, 2, 4, 4]
    assert back.record.day.tolist() == [100, 101, 103, 104]
