"""Names of files and folders that mean something to a shell, an engine, an address or a person: a path is a path."""

from __future__ import annotations

import os
from functools import partial

from tests.shop.corpus.case import Case
from tests.shop.corpus.contents import ROWS, plain

WORDS = """
~ ~root a[1] * a* a** ? a? {a,b} s3: s3:a file: http: https:a gcs: hf:a memory: a'b a"b a;b a#b a%20b a&b $HOME `a` a\\b
-a --help a=1 a:b @a !a (a) a|b <a> ^a CON nul ä 日本 😀 a.parquet a.csv.gz a...a
"""
NAMES = [*WORDS.split(), " a ", "a\tb", "a\nb", "a\u202eb", "a" * 200]
NAMES = [name for name in NAMES if os.name != "nt" or name.isalnum()]
ANOTHER = "another file, which a pattern would find"


def write(path, ending):
    for name in ("a1", "a", "b", "x"):
        path.with_name(f"{name}.{ending}").write_text(ANOTHER, encoding="utf-8")
    with path.open("wb") as file:
        {"parquet": plain().to_parquet, "csv": plain().to_csv, "xlsx": plain().to_excel}[ending](file, index=False)
    return path


def in_a_file(name, ending, folder):
    return write(folder / f"{name}.{ending}", ending)


def in_a_folder(name, folder):
    for other in ("a1", "a", "b", name):
        (folder / other).mkdir(exist_ok=True)
        (folder / other / "a.parquet").write_text(ANOTHER, encoding="utf-8")
    plain().to_parquet(folder / name / "a.parquet")
    return str(folder / name)


CASES = [
    *(Case(f"{name!r}.parquet", partial(in_a_file, name, "parquet"), ROWS, "plain") for name in NAMES[::3]),
    *(Case(f"{name!r}.csv", partial(in_a_file, name, "csv"), ROWS, "plain") for name in NAMES[2::3]),
    *(Case(f"{name!r}.xlsx", partial(in_a_file, name, "xlsx"), ROWS, "plain") for name in NAMES[::9]),
    *(Case(f"{name!r}, a folder", partial(in_a_folder, name), ROWS, "plain") for name in NAMES[1::3]),
    *(
        Case(
            f"{name!r} is not there",
            lambda folder, name=name: folder / f"{name}.parquet",
            refused="there is no such file",
        )
        for name in ("~", "a[1]", "s3:", "file:/a", "http://a/b", "a'b", "")
    ),
    Case("a name without an end", lambda folder: folder / ("a" * 5000), refused="File name too long"),
    Case("a name with NUL", lambda folder: f"{folder}/a\0.parquet", refused="there is no such file"),
    *(
        Case(
            f"a log{ending}",
            lambda folder, name=f"a log{ending}": named(name, folder),
            refused=f"not '{ending}'; save it as one of",
        )
        for ending in (
            ".xls",
            ".ods",
            ".xlsb",
            ".html",
            ".json",
            ".feather",
            ".orc",
            ".pkl",
            ".sas7bdat",
            ".bz2",
            ".zst",
            "",
        )
    ),
]


def named(name, folder):
    (folder / name).write_bytes(b"x")
    return folder / name
