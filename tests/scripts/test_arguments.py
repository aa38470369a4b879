"""Numbers on the command line that are too small or too great are refused before anything begins."""

from __future__ import annotations

import argparse

import pytest
from selflearn_agents.commands.arguments import jobs, natural, positive, seed

from tests.scripts.command import run


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        (positive, "0", "must be at least 1, got 0"),
        (natural, "-1", "must be at least 0, got -1"),
        (seed, "-1", "must be at least 0, got -1"),
        (positive, "9" * 23, f"must be at most 2,147,483,647, got {'9' * 23}"),
        (natural, str(2**31), f"must be at most 2,147,483,647, got {2**31}"),
        (jobs, "1001", "must be at most 1,000, got 1001"),
    ],
)
def test_a_number_out_of_range_is_refused(kind, text, why):
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{why}$"):
        kind(text)


def test_a_seed_may_have_any_size():
    assert seed("9" * 23) == int("9" * 23)


@pytest.mark.parametrize("option", ["--customers", "--batch", "--check-customers", "--jobs"])
def test_a_command_says_which_option_is_too_great(option):
    done = run("compare", option, "9" * 23, "--out", "x")
    assert done.returncode == 2
    assert f"error: argument {option}: must be at most" in done.stderr
