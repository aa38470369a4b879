"""What `make` shows while pip installs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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


SLOW = """
import subprocess, sys, time
held = "import sys, time; pipe = open(sys.argv[1], 'w'); print('there', file=pipe, flush=True); time.sleep(60)"
subprocess.run([sys.executable, "-c", held, sys.argv[1]])
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_pip_and_what_it_has_begun_end_with_what_shows_them(tmp_path):
    (tmp_path / "pip.py").write_text(SLOW, encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    show = subprocess.Popen([sys.executable, SHOW, sys.executable, tmp_path / "pip.py", tmp_path / "pipe"])
    with (tmp_path / "pipe").open() as pipe:
        assert pipe.readline() == "there\n"
        show.send_signal(signal.SIGTERM)
        assert show.wait(20) == 128 + signal.SIGTERM
        assert pipe.read() == ""  # nobody holds the other end any more
