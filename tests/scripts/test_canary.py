"""No customer's code of a log reaches what is made from it: files, pages, what commands say, and errors."""

from __future__ import annotations

import gzip
import io
import zipfile

import pandas as pd
import pytest
from selflearn_agents import make_agent
from selflearn_agents.logs import record

from selflearn_env import Shop, load_transactions
from tests.scripts.command import run

MARK = "canary"
COMPARE = ("--customers", 60, "--seeds", 2, "--slate-size", 3, "--jobs", 1, "--check-customers", 60)
SERVED = ("--customers", 60, "--slate-size", 3)


@pytest.fixture(scope="module")
def log(regulars_log, tmp_path_factory):
    """A log whose customers and invoices are marked, and a column that is not asked for."""
    path = tmp_path_factory.mktemp("log") / "log.csv"
    marked = regulars_log.assign(
        customer=[f"{MARK}-{customer}@example.org" for customer in regulars_log["customer"]],
        invoice=[f"{MARK}/{invoice}" for invoice in regulars_log["invoice"]],
        address=[f"{MARK} street {customer}" for customer in regulars_log["customer"]],
    )
    marked.to_csv(path, index=False)
    return path


def unpacked(data, name):
    """The bytes of a file by its name, and of what it packs."""
    yield name, data
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for inner in packed.namelist():
                yield from unpacked(packed.read(inner), f"{name}: {inner}")
    elif data.startswith(b"\x1f\x8b"):
        yield from unpacked(gzip.decompress(data), f"{name}: inside")


def marked(folder):
    """The files below a folder that have the mark, in any of the ways in which texts are kept."""
    ways = [MARK.encode(coding) for coding in ("utf-8", "utf-16-le", "utf-32-le")]
    return [
        name
        for path in folder.rglob("*")
        if path.is_file()
        for name, data in unpacked(path.read_bytes(), path.relative_to(folder).as_posix())
        if any(way in data.lower() for way in ways)
    ]


def test_the_search_finds_marks_in_what_is_packed(log, tmp_path):
    with zipfile.ZipFile(tmp_path / "shop.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("ids.npy", MARK.upper().encode("utf-32-le"))
        packed.writestr("log.csv.gz", gzip.compress(log.read_bytes()))
    assert marked(tmp_path) == ["shop.npz: ids.npy", "shop.npz: log.csv.gz: inside"]


def test_no_command_passes_a_customer_on(log, tmp_path):
    shop, visits = tmp_path / "shop.npz", tmp_path / "visits.parquet"
    commands = [
        ("build", log, "--out", shop),
        ("check-lives", "--shop", shop, "--lives", 1, "--out", tmp_path / "lives"),
        ("make-log", "--shop", shop, "--rows", 500, "--out", tmp_path / "made.csv"),
        ("train", "--shop", shop, "--agent", "personal", "--env", "selflearn/RetailPeople-v0", *SERVED, "--out",
         tmp_path / "trained"),
        ("compare", "--shop", shop, "--agents", "popular", "epsilon_greedy(epsilon=0.5)", *COMPARE, "--out",
         tmp_path / "compared"),
        ("learn", visits, "--shop", shop, "--out", tmp_path / "learned"),
        ("ope", visits, "--shop", shop, "--target", "popular", "--resamples", 20, "--out", tmp_path / "ope"),
    ]  # fmt: skip
    for command, *arguments in commands:
        if visits in arguments:
            recorded(shop).to_parquet(visits)
        done = run(command, *arguments)
        assert done.returncode == 0, done.stderr
        assert MARK not in (done.stdout + done.stderr).lower(), command
    assert {path.name for path in tmp_path.iterdir()} == {
        *("shop.npz", "visits.parquet", "made.csv"),
        *("lives", "trained", "compared", "learned", "ope"),
    }
    assert marked(tmp_path) == []


def recorded(shop):
    """Visits of the simulated customers of a shop in a file."""
    agent = make_agent("random", history=Shop.load(shop).history, slate_size=3, seed=1)
    return record(agent, "selflearn/RetailPeople-v0", 200, shop=str(shop), slate_size=3)


FAULTS = {
    "quantity": "many",
    "price": "1,2,3",
    "time": "the day before",
    "product": None,
}


@pytest.mark.parametrize("as_file", [False, True], ids=["frame", "csv"])
@pytest.mark.parametrize("column", FAULTS)
def test_an_error_names_the_cell_and_not_the_customer(log, tmp_path, column, as_file):
    rows = pd.read_csv(log, dtype=str)
    rows.loc[rows.index if FAULTS[column] is None else [7], column] = FAULTS[column]
    if as_file:
        rows.to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(ValueError, match=r"column|complete") as refused:
        load_transactions(tmp_path / "log.csv" if as_file else rows)
    assert MARK not in str(refused.value).lower()
    assert refused.value.__cause__ is None  # what a library said has the whole line in it
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


BROKEN = {
    "a quote": lambda lines: [*lines[:7], lines[7].replace(",", ',"', 1), *lines[8:]],
    "a cell too many": lambda lines: [*lines[:7], lines[7] + ",one,two", *lines[8:]],
    "a cell too few": lambda lines: [*lines[:7], lines[7].rsplit(",", 4)[0], *lines[8:]],
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_line_is_not_repeated(log, tmp_path, fault):
    path = tmp_path / "log.csv"
    path.write_text("\n".join(BROKEN[fault](log.read_text(encoding="utf-8").splitlines())), encoding="utf-8")
    done = run("build", path, "--out", tmp_path / "shop.npz")
    assert done.returncode == 1
    assert MARK not in (done.stdout + done.stderr).lower()
    assert not (tmp_path / "shop.npz").exists()
