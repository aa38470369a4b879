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


@cache
def digest_of(content):
    return Shop.from_transactions(CONTENTS[content]()).digest


@pytest.mark.parametrize("case", CASES)
def test_case(case, tmp_path):
    source = case.make(tmp_path)
    if case.refused:
        with pytest.raises((ValueError, TypeError, OSError), match=case.refused) as refusal:
            load_transactions(source, **case.options)
        assert "\n" not in str(refusal.value)
        return
    log = load_transactions(source, **case.options)
    assert log.report.rows_read == case.lines
    assert log.report.rows_kept == len(log.frame)
    if case.like:
        assert Shop.from_transactions(log).digest == digest_of(case.like)
