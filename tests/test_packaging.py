"""The wheel, installed away from the repository."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]

PROGRAM = """
import gymnasium as gym, selflearn_env, selflearn_agents, pathlib, sys
assert "site-packages" in selflearn_env.__file__, selflearn_env.__file__
assert pathlib.Path(selflearn_env.__file__).with_name("py.typed").is_file()
for name in ("selflearn/Seed-v0", "selflearn/Retail-v0"):
    env = gym.make(name)
    env.reset(seed=0)
    assert env.step(env.action_space.sample())[2]
    gym.make_vec(name, num_envs=2, vectorization_mode="vector_entry_point").reset(seed=0)
assert "torch" not in sys.modules
print("made", selflearn_env.__version__)
"""


def needed():
    """The names of all distributions that this one needs without an extra, as their metadata have it."""
    met, ahead = set(), [("selflearn-env", "")]
    while ahead:
        name, extra = ahead.pop()
        if (name, extra) not in met:
            met.add((name, extra))
            for asked in map(Requirement, distribution(name).requires or ()):
                if asked.marker is None or asked.marker.evaluate({"extra": extra}):
                    ahead += [(asked.name, each) for each in ("", *asked.extras)]
    return {name for name, _ in met} - {"selflearn-env"}


def link(name, folder):
    """Makes an installed distribution one of this folder, too."""
    parts = {Path(file).parts[0] for file in distribution(name).files}
    for part in parts - {"..", "__pycache__"}:
        if not (folder / part).exists():
            (folder / part).symlink_to(distribution(name).locate_file(part))


@pytest.mark.slow
def test_the_wheel_works_in_a_clean_environment(tmp_path):
    build = [sys.executable, "-m", "build", "--outdir", tmp_path, ROOT]  # the wheel from the source archive
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    files = {
        path.relative_to(folder).as_posix()
        for folder, package in ((ROOT, "selflearn_env"), (ROOT / "agents", "selflearn_agents"))
        for path in (folder / package).rglob("*.*")
        if path.parent.name != "__pycache__"
    }
    assert "selflearn_agents/evaluation/report/page.js" in files
    assert files <= set(names)  # templates, scripts and data, too
    assert not [name for name in names if name.startswith(("tests", "scripts"))]

    venv.create(tmp_path / "clean")  # without pip, which is asked from here
    python = tmp_path / "clean" / "bin" / "python"
    (folder,) = (tmp_path / "clean").glob("lib/*/site-packages")
    for name in needed():  # and nothing else: pip, without an index, refuses a wheel that needs more
        link(name, folder)
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-index", "--no-compile", wheel], check=True, capture_output=True)
    done = subprocess.run([python, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("made ")
    made = [tmp_path / "clean" / "bin" / "selflearn", "train", "--customers", "50", "--out", tmp_path / "out"]
    done = subprocess.run(made, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "agent.npz").is_file()
