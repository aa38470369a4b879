"""Hundreds of logs: each gives the right shop and accounts for all of its lines, or is refused in one sentence."""

from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from selflearn_env import Shop, load_transactions
from tests.shop.corpus.contents import CONTENTS

FAMILIES = sorted(path.stem for path in Path(__file__).parent.glob("of_*.py"))
CASES = [
    pytest.param(case, id=f"{family[3:]}: {case.name}")
    for family in FAMILIES
    for case in import_module(f"tests.shop.corpus.{family}").CASES
]
LONGEST = 600  # characters of what is said where a log is refused, its path not counted


@cache
def log_of(content):
    return load_transactions(CONTENTS[content]())


@cache
def digest_of(content):
    return Shop.from_transactions(CONTENTS[content]()).digest


@pytest.mark.parametrize("case", CASES)
def test_case(case, tmp_path):
    source = case.make(tmp_path)
    if case.refused:
        with pytest.raises((ValueError, TypeError, OSError), match=case.refused) as refusal:
            load_transactions(source, **case.options)
        said = str(refusal.value)
        assert "\n" not in said
        assert len(said.replace(str(source), "")) < LONGEST
        if isinstance(source, Path):
            assert str(source) in said
        return
    log = load_transactions(source, **case.options)
    assert log.report.rows_read == case.lines
    assert log.report.rows_kept == len(log.frame)
    # Equal frames make equal shops; only what is written in another way needs its shop made.
    if case.like and not log.frame.equals(log_of(case.like).frame):
        assert Shop.from_transactions(log).digest == digest_of(case.like)


def test_every_case_has_a_name_of_its_own():
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names)
