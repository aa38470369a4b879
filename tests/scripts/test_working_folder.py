"""Of the working folder nothing runs that was not asked for, not even where Python itself would look there first."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["typing", "argparse", "json", "random"])
def test_a_module_that_is_called_like_one_of_python_is_left_alone(name, tmp_path):
    (tmp_path / f"{name}.py").write_text("raise SystemExit('nobody has asked for this')\n")
    line = [sys.executable, "-m", "selflearn_agents", "--version"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("selflearn ")
