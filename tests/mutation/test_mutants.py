"""The changes that `make mutants` makes, of a text small enough to list them all."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from tests.mutation.__main__ import PLACES, drawn, interval
from tests.mutation.mutants import mutants

TEXT = '''"""A docstring with 1 number."""
from typing import TYPE_CHECKING

__all__ = ["ä"]
if TYPE_CHECKING:
    import numpy


class Shelf:
    size: int = 3

    def room(self, taken: int, least: float = 0.5) -> bool:
        """Whether there is room: 1 at least."""
        if not taken < self.size and least:
            raise ValueError(f"takes {taken + 1}")
        self.left = "ä", -taken
        return taken
'''
EXPECTED = {
    (10, "size: int = 4"),
    (12, "least: float = 1.5"),
    (14, "if (taken < self.size) and least:"),
    (14, "if not (taken <= self.size) and least:"),
    (14, "if (not taken < self.size or least):"),
    (14, "if (not (not taken < self.size and least)):"),
    (15, "pass"),
    (16, "pass"),
    (16, 'self.left = "ä", (taken)'),
    (17, "return None"),
}


def test_texts_types_and_names_are_left_alone_and_all_else_is_changed(tmp_path):
    path = tmp_path / "shelf.py"
    path.write_text(TEXT, encoding="utf-8")
    found = mutants(path)
    assert len(found) == len(EXPECTED)
    for line, new in EXPECTED:
        (mutant,) = (each for each in found if each.first == line and new in each.lines[1])
        lines = mutant.source.splitlines()
        assert [
            place for place, pair in enumerate(zip(lines, TEXT.splitlines(), strict=True)) if len(set(pair)) == 2
        ] == [line - 1]
        ast.parse(mutant.source)
        assert mutant.always == (line < 13)


def test_some_of_each_file_are_drawn_and_none_twice(tmp_path):
    (tmp_path / "shelf.py").write_text(TEXT, encoding="utf-8")
    (tmp_path / "empty.py").write_text("", encoding="utf-8")
    sample = drawn([tmp_path / "shelf.py", tmp_path / "empty.py"], 0.35, 2, np.random.default_rng(1))
    assert len(sample) == len(set(sample)) == 4


def test_the_interval_is_wilsons():
    assert interval(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert interval(0, 10)[0] == pytest.approx(0.0, abs=1e-12)


def test_what_is_judged_is_there():
    assert all(Path(place).exists() for place in PLACES)
