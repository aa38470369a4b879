"""Equal seeds give the results that they gave before."""

from __future__ import annotations

import json

import pytest

from tests.agents.golden import PLACE, digests

GOLDEN = json.loads(PLACE.read_text())


@pytest.mark.parametrize("name", GOLDEN)
def test_results_are_those_of_before(name, tiny_shop):
    found = dict(digests(tiny_shop))[name]()
    assert found == GOLDEN[name], (
        f"{name} gives other results for equal seeds than before. If that is meant: changed dynamics of an environment "
        f"are a new -vN, other changes a line in CHANGELOG.md; then `python -m tests.agents.golden` (CONTRIBUTING.md)"
    )


def test_everything_has_a_digest(tiny_shop):
    assert [name for name, _ in digests(tiny_shop)] == list(GOLDEN)
