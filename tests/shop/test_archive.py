"""A file is written whole or not at all."""

import os

import numpy as np
import pytest

from selflearn_env.archive import read_archive, write_archive, write_atomically

HEADING = {"format": "box", "version": 2, "note": "café"}


def test_round_trip(tmp_path):
    path = tmp_path / "box"
    arrays = {"a": np.arange(6).reshape(2, 3), "b": np.array(["x", "é"]), "c": np.zeros((0, 4), dtype=bool)}
    write_archive(path, HEADING, arrays)
    heading, found = read_archive(path, "box", 2)
    assert heading == HEADING
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].tolist()) == (array.dtype, array.tolist())
    assert [file.name for file in tmp_path.iterdir()] == ["box"]


def test_other_formats_are_refused_with_the_way_out(tmp_path):
    path = tmp_path / "box"
    write_archive(path, HEADING, {})
    assert read_archive(path, "box", 2)[0]["version"] == 2
    with pytest.raises(ValueError, match=r"box: written in format 2, .*reads 3; make the file anew"):
        read_archive(path, "box", 3)
    with pytest.raises(ValueError, match=r"box: written in format 2, .*reads 1; upgrade"):
        read_archive(path, "box", 1)


def test_another_kind_is_refused(tmp_path):
    path = tmp_path / "box"
    write_archive(path, HEADING, {})
    with pytest.raises(ValueError, match="box: not a crate file but 'box'"):
        read_archive(path, "crate", 2)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        read_archive(tmp_path / "box", "box", 2)


def test_failure_while_writing_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "box"
    path.write_bytes(b"old")

    def write():
        with write_atomically(path) as file:
            file.write(b"half of the new")
            raise KeyboardInterrupt("stop")

    with pytest.raises(KeyboardInterrupt, match="stop"):
        write()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"box": b"old"}


def test_old_file_is_there_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "box"
    path.write_bytes(b"old")
    with write_atomically(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_file_is_as_readable_as_any_other(tmp_path):
    ordinary, written = tmp_path / "ordinary", tmp_path / "written"
    ordinary.write_bytes(b"")
    write_archive(written, HEADING, {})
    assert written.stat().st_mode == ordinary.stat().st_mode
