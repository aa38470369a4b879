"""The range of Gymnasium in pyproject.toml is true: the environments and views pass their tests at both of its ends."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import gymnasium
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
WHAT = [
    *("tests/envs/test_gymnasium.py", "tests/envs/test_registration.py", "tests/envs/test_single.py"),
    *("tests/envs/test_vector.py", "tests/envs/test_journey_faces.py", "tests/envs/test_journey_seeds.py"),
    "tests/wrappers",
]


def supported():
    """What pyproject.toml asks of Gymnasium."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return next(each for each in map(Requirement, project["dependencies"]) if each.name == "gymnasium")


def run(*command, **environment):
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("end", ["oldest", "newest"])
def test_the_range_of_gymnasium_is_true(end, tmp_path):
    asked = supported()
    least = next(each.version for each in asked.specifier if each.operator == ">=")
    wanted = f"gymnasium=={least}" if end == "oldest" else str(asked)
    run("pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(tmp_path), wanted)
    of_there = "import gymnasium; print(gymnasium.__version__)"
    found = subprocess.run(
        [sys.executable, "-c", of_there],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    ).stdout.strip()
    assert asked.specifier.contains(found), found
    assert end == "newest" or Version(found) == Version(least)
    if found == gymnasium.__version__:
        pytest.skip(f"gymnasium {found} is what all other tests run with")
    told = run("pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *WHAT, PYTHONPATH=str(tmp_path))
    assert " passed" in told
