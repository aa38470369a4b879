"""What `make` shows while pip installs."""

import subprocess
import sys
from pathlib import Path

SHOW = Path(__file__).parents[1] / ".ci" / "install.py"
PIP = """
import sys, time
print("Collecting one>=1")
print("Collecting two", flush=True)
time.sleep(0.7)
print("Installing collected packages: one, two", flush=True)
time.sleep(0.7)
sys.stdout.buffer.write(b"no \\xff text\\n" * 10_000)  # more than a pipe holds
print(sys.argv[1], flush=True)
sys.exit(int(sys.argv[2]))
"""


def test_each_step_is_named_and_what_pip_said_is_shown_where_it_fails(tmp_path):
    (tmp_path / "pip.py").write_text(PIP, encoding="utf-8")
    for code in (0, 3):
        command = [sys.executable, SHOW, sys.executable, tmp_path / "pip.py", "the last word", str(code)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        steps = [line.rpartition(" (")[0] for line in done.stderr.splitlines()[:2]]
        assert (done.returncode, steps) == (code, ["downloading packages", "installing 2 packages"])
        assert done.stderr.splitlines()[2].startswith("pip failed, " if code else "installed, ")
        assert ("Collecting two\n" in done.stderr) == ("the last word\n" in done.stderr) == (code == 3)
