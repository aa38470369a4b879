"""The examples run as they stand, and what they learn is better than chance by far: each asks for it at its end."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.scripts.command import run

ROOT = Path(__file__).parents[2]
HEAVY = ("rllib", "tianshou", "torchrl")  # run by `make tools`, in environments of their own
EXAMPLES = [
    path
    for path in sorted((ROOT / "examples").glob("*.py"))
    if path.stem != "judge" and not path.stem.startswith(HEAVY)
]
LEARNERS = [name for name in ("stable_baselines3", "sb3_contrib") if find_spec(name)]  # with torch, seconds to import


def told_by(path):
    done = run(str(path), libraries=LEARNERS)
    assert done.returncode == 0, f"{done.stdout[-1000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_learns(path, tmp_path):
    if path.stem == "sb3_recipe":
        program = path.read_text(encoding="utf-8")
        one_seed = program.replace("SEEDS, POINTS = 5, 8", "SEEDS, POINTS = 1, 8")  # each of the five takes ten seconds
        assert one_seed != program
        path = tmp_path / path.name
        path.write_text(one_seed, encoding="utf-8")
    told = told_by(path)
    if path.stem == "sb3_recipe":
        gained = re.findall(r"^ *([\d,]+)  ([+-][\d.]+)  ([+-][\d.]+) \.\.", told, flags=re.MULTILINE)
        assert gained[-1][0] == "196,608"
        assert float(gained[-1][2]) > 0
    else:
        number = r"(-?[\d.]+) ± [\d.]+"
        line = rf"^learned {number}, random actions {number}, random slates {number}$"
        learned, *chance = map(float, re.search(line, told, re.MULTILINE).groups())
        assert learned > max(chance)


def test_the_document_shows_every_example():
    told = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
    for path in (ROOT / "examples").glob("*.py"):
        assert f"examples/{path.name}" in told, path
