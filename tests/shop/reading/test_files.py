"""A path is a path, and a folder holds nothing that gets lost."""

import gzip
import os

import pytest

from selflearn_env import Shop, load_transactions

NAMES = [
    "~",
    "~root",
    "a[1]",
    "*",
    "log*",
    "s3:",
    "s3:/bucket",
    "file:",
    "file:/log",
    "http:/x",
    "a\\*b",
    "a'b",
    "{a,b}",
    "a b",
]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_a_path(busy_log, tmp_path, monkeypatch, name, ending):
    monkeypatch.chdir(tmp_path)
    for other in ("a1", "log1", "axb"):
        (tmp_path / f"{other}.{ending}").write_bytes(b"another file")
    path = tmp_path / f"{name}.{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write = {"csv": busy_log.to_csv, "xlsx": busy_log.to_excel, "parquet": busy_log.to_parquet}[ending]
    with path.open("wb") as file:
        write(file, index=False)
    assert load_transactions(f"{name}.{ending}").report.rows_read == 600


@pytest.mark.parametrize("name", ["~", "s3:", "a[1]", "file:"])
def test_a_path_in_a_folder_of_an_odd_name(busy_log, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    busy_log.to_parquet(tmp_path / name / "log.parquet")
    for given in (f"./{name}/log.parquet", name):
        assert Shop.from_transactions(given).digest == Shop.from_transactions(busy_log).digest


def parts(log, folder):
    log[:300].to_parquet(folder / "0.parquet")
    log[300:].to_parquet(folder / "1.PQ")


def in_a_folder(log, folder):
    (folder / "2024" / "may").mkdir(parents=True)
    log.to_parquet(folder / "2024" / "may" / "2.parquet")


BESIDE = {
    "a part in a folder": (in_a_folder, "2024: the folder has a folder with Parquet files; put all parts in one"),
    "a link to nothing": (lambda _, folder: (folder / "2.parquet").symlink_to("gone"), "2.parquet: a link to a file"),
    "a packed part": (
        lambda _, folder: (folder / "2.parquet.gz").write_bytes(gzip.compress(b"x")),
        "2.parquet.gz: stands in a folder of Parquet files and would not be read; move it away",
    ),
    "a csv": (lambda log, folder: log.to_csv(folder / "2.csv"), "2.csv: stands in a folder of Parquet files"),
}


@pytest.mark.parametrize(("add", "complaint"), BESIDE.values(), ids=BESIDE)
def test_what_would_get_lost_in_a_folder(busy_log, tmp_path, add, complaint):
    parts(busy_log, tmp_path)
    add(busy_log, tmp_path)
    for read in (load_transactions, Shop.from_transactions):
        with pytest.raises(ValueError, match=complaint):
            read(tmp_path)


@pytest.mark.parametrize("name", [".part-2.parquet.tmp.parquet", "_temporary.parquet"])
def test_what_a_writer_hides_is_no_part(busy_log, tmp_path, name):
    parts(busy_log, tmp_path)
    busy_log.to_parquet(tmp_path / name)
    report = load_transactions(tmp_path).report
    assert (report.rows_read, report.understood["hidden files"]) == (600, "1 in the folder, not read")


def test_notes_beside_parts(busy_log, tmp_path):
    parts(busy_log, tmp_path)
    (tmp_path / "README.md").write_text("two parts", encoding="utf-8")
    (tmp_path / "plots").mkdir()
    assert load_transactions(tmp_path).report.rows_read == 600


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_to_a_file_is_read(busy_log, tmp_path):
    busy_log.to_parquet(tmp_path / "log.parquet")
    (tmp_path / "link.parquet").symlink_to(tmp_path / "log.parquet")
    assert load_transactions(tmp_path / "link.parquet").report.rows_read == 600


def test_a_broken_part_is_named(busy_log, tmp_path):
    parts(busy_log, tmp_path)
    (tmp_path / "2.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match=r"2\.parquet: cannot be read as parquet"):
        Shop.from_transactions(tmp_path)
