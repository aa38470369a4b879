"""A command that is killed: it goes on to the same bits, and nothing is left over."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from tests.agents.evaluation.killing import stop_often
from tests.agents.evaluation.works import TINY, Work


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_training_that_is_killed_goes_on_to_the_same_bits(tiny_shop, tmp_path):
    work = Work("train", [["--customers", "300", *TINY]])
    counts = stop_often(work, tmp_path, tiny_shop, 1, np.random.default_rng(1), signal.SIGKILL)
    assert counts.kills == 1
    assert counts.files >= 4
