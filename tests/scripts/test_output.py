"""The folder that a command writes to: it is checked first, belongs to one process, and gets all files or none."""

from __future__ import annotations

import os
import signal
from argparse import Namespace
from pathlib import Path

import pytest
from selflearn_agents.commands.output import LOCK, folder, kept_in, letting_go, outputs, write_text


def test_what_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match=r"file: is a file; name a folder to write to$"):
        folder(tmp_path / "file")
    with pytest.raises(NotADirectoryError, match=r"file.results: cannot be made: Not a directory$"):
        folder(tmp_path / "file" / "results")


def test_a_folder_that_cannot_be_written_to_is_refused():
    with pytest.raises(OSError, match=r"^/proc/self: cannot be written to: "):
        folder(Path("/proc/self"))


@pytest.mark.skipif(os.name != "posix", reason="locks are POSIX's")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_folder_has_one_writer_and_none_after_a_kill(tmp_path):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        folder(tmp_path)
        os.write(writing, b"!")
        signal.pause()
    os.read(reading, 1)
    try:
        with pytest.raises(
            BlockingIOError, match=rf"process {child} on .* writes there; wait until it has finished, or name another"
        ):
            folder(tmp_path)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with letting_go():
        folder(tmp_path)
        folder(tmp_path)  # as often as it likes
        assert str(os.getpid()) in (tmp_path / LOCK).read_text()
    assert not list(tmp_path.iterdir())


def test_files_appear_together_and_the_manifest_last(tmp_path, monkeypatch):
    def write(text, *, fails=False):
        with outputs(tmp_path) as new:
            for name in ("manifest.json", "agent", "curve"):
                write_text(new / name, text)
                assert not fails or name != "agent", "stopped"

    def found():
        return {path.name: path.read_text() for path in tmp_path.iterdir()}

    write("old")
    with pytest.raises(AssertionError, match="stopped"):
        write("new", fails=True)
    assert found() == dict.fromkeys(("agent", "curve", "manifest.json"), "old")
    moved, replace = [], type(tmp_path).replace

    def seen(path, target):
        if target.parent == tmp_path:
            moved.append(target.name)
            assert not (tmp_path / "manifest.json").exists()
        return replace(path, target)

    monkeypatch.setattr(type(tmp_path), "replace", seen)
    write("new")
    assert moved == ["agent", "curve", "manifest.json"]
    assert found() == dict.fromkeys(moved, "new")
    (tmp_path / "curve").unlink()
    (tmp_path / "curve").mkdir()
    with pytest.raises(FileExistsError, match="curve: cannot be written: there is something that is no file"):
        write("newer")
    assert (tmp_path / "manifest.json").read_text() == "new"


def test_who_fails_hears_what_is_kept(tmp_path):
    with pytest.raises(OSError, match="no room") as failed, kept_in(tmp_path):
        raise OSError("no room")
    assert failed.value.__notes__ == [
        f"(what is finished is kept in {tmp_path}, and the same command goes on from there)"
    ]


def test_a_file_that_is_read_is_not_replaced(tmp_path):
    (tmp_path / "ope.csv").write_text("visits")
    (tmp_path / "link.csv").symlink_to("ope.csv")

    def estimate(log):
        with outputs(tmp_path, Namespace(log=log, out=tmp_path, seed=0)) as new:
            write_text(new / "manifest.json", "{}")
            write_text(new / "ope.csv", "estimates")

    for given in (tmp_path / "ope.csv", tmp_path / "link.csv", tmp_path / "." / "ope.csv"):
        with pytest.raises(FileExistsError, match=r"ope\.csv would be overwritten, and is read; name another --out"):
            estimate(given)
    assert (tmp_path / "ope.csv").read_text() == "visits"
    assert {path.name for path in tmp_path.iterdir()} == {"ope.csv", "link.csv"}
