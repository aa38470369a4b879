"""The README's Python blocks run as pasted, one after the other, and print what it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from selflearn_env.datasets import ONLINE_RETAIL

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_blocks_run_and_print_what_the_readme_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.read_parquet(ONLINE_RETAIL).to_csv("sales.csv", index=False)
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    said = re.search(r"```text\n(.*?)```", README, flags=re.DOTALL)
    names: dict[str, object] = {}
    printed = []
    for block in blocks:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(block, names)
        printed.append(output.getvalue())
    assert len(blocks) == 3
    assert printed[0] == said[1]
    assert "rows kept" in printed[1]


def test_the_front_door_is_short():
    top = README.splitlines()[:30]
    assert any("make demo" in line for line in top)
    assert any("make test" in line for line in top)
    assert top.count("```python") == 1
    assert any(line.startswith("| epsilon_greedy") for line in top)
    assert any("docs/demo.png" in line for line in top)
