"""What a killed process has left is removed by the next one; what is in use, is not."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from selflearn_env.archive import write_atomically
from selflearn_env.scratch import scratch_folder

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="locks are POSIX's"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def begun_and_killed(folder):
    """Makes a process write, and kills it in the middle."""
    child = os.fork()
    if not child:
        with write_atomically(folder / "[box].txt") as file, scratch_folder(folder) as scratch:
            file.write(b"half of it")
            file.flush()
            (scratch / "part").write_text("of it")
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_what_a_killed_process_has_left_is_removed(tmp_path):
    (tmp_path / ".[box].txt.swp").touch()  # another program's
    begun_and_killed(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    with write_atomically(tmp_path / "other.txt"), scratch_folder(tmp_path):
        assert [path.name for path in tmp_path.glob(".[[]box*.part")]  # that is not known to be of this file
    with write_atomically(tmp_path / "[box].txt") as file:
        file.write(b"all of it")
    assert {path.name for path in tmp_path.iterdir()} == {"[box].txt", ".[box].txt.swp", "other.txt"}


def test_what_is_in_use_stays(tmp_path):
    with write_atomically(tmp_path / "box") as one, scratch_folder(tmp_path) as folder:
        one.write(b"one")
        (folder / "own").touch()
        begun_and_killed(tmp_path)
        with write_atomically(tmp_path / "box") as other, scratch_folder(tmp_path):
            other.write(b"other")
        assert (folder / "own").exists()
        assert (tmp_path / "box").read_bytes() == b"other"
    assert (tmp_path / "box").read_bytes() == b"one"


def test_what_was_removed_in_the_moment_of_its_making_is_made_again(tmp_path, monkeypatch):
    made = []
    opened = os.open

    def quicker(path, *given):
        descriptor = opened(path, *given)
        if not made:
            Path(path).rmdir()
        made.append(path)
        return descriptor

    monkeypatch.setattr(os, "open", quicker)
    with scratch_folder(tmp_path) as folder:
        assert folder.is_dir()
    assert len(made) == 2


def test_a_full_disk_is_said_with_the_name_of_the_file(tmp_path):
    path = tmp_path / "box"
    path.write_bytes(b"old")
    with (
        pytest.raises(OSError, match=r"box: cannot be written: No space left on device$"),
        write_atomically(path),
        open("/dev/full", "wb", buffering=0) as full,  # noqa: PTH123
    ):
        full.write(b"new")
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"box": b"old"}
