"""A comparison with known answers, and the generator of the bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from tests.agents.evaluation.hand_made import compared, rewards
from tests.agents.evaluation.reports import evil_study


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def result():
    """b beats a beats the rest; c and d are alike on average; e knows what no agent could."""
    given = {
        "a": rewards(0.5, "fair"),
        "b": rewards(0.8, "poor"),
        "c": rewards(0.2),
        "d": rewards(0.2, "poor"),
        "e!": rewards(0.9),
    }
    return compared(given)


@pytest.fixture(scope="session")
def study(tiny_log):
    """A study whose texts would like to be a part of the report's page."""
    return evil_study(tiny_log)
