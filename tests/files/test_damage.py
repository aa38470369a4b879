"""Files that were damaged or changed are refused in one line, or read as they were written.

A small sample; `python -m tests.files.damage` tries many more.
"""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from selflearn_agents import AGENTS, load_agent, make_agent
from selflearn_agents.evaluation import EvaluationResult
from selflearn_agents.offline import LEARNERS
from selflearn_agents.storage import _with_parts, declarations

from selflearn_env import Shop
from selflearn_env.archive import write_archive
from selflearn_env.shop.people.kept import CAPS as CAPS_KEPT
from selflearn_env.shop.people.repeat import CAPS
from tests.agents.extras import skip_without_extra
from tests.files.damaging import alter, damage, flip_a_bit
from tests.files.kinds import RETAIL, kinds, made, same

SAVED = [name for name in (*AGENTS, *LEARNERS) if name not in AGENTS or AGENTS[name].unsaved is None]
FEW = ("shop", "log", "run", "epsilon_greedy", "ucb")


@pytest.fixture(scope="module")
def some(tiny_shop, tmp_path_factory):
    """Files of a few kinds, each with what is in it."""
    folder = tmp_path_factory.mktemp("files")
    return {kind.name: (kind, kind.path.read_bytes()) for kind in kinds(tiny_shop, folder, FEW, RETAIL)}


@pytest.mark.parametrize("name", FEW)
def test_damaged_bytes_are_refused_or_of_no_matter(name, some):
    kind, content = some[name]
    kind.path.write_bytes(content)
    expected = kind.content(kind.load(kind.path))
    said = [damage(kind, content, expected, np.random.default_rng([1, case])) for case in range(60)]
    assert [each for each in said if each] == []


@pytest.mark.parametrize("name", FEW)
def test_altered_content_is_refused_or_can_be_used(name, some):
    kind, content = some[name]
    said = [alter(kind, content, np.random.default_rng([2, case])) for case in range(20)]
    assert [each for each in said if each] == []


def test_each_bit_of_an_array_s_data_counts(some, tmp_path):
    """Where numpy stops reading, the checksum is not compared: members are read to their end."""
    content = some["ucb"][1]
    at = content.index(b"_mean.npy") + 200  # within the packed numbers
    for bit in range(0, 8 * 60, 23):
        changed = bytearray(content)
        changed[at + bit // 8] ^= 1 << bit % 8
        (tmp_path / "agent.npz").write_bytes(changed)
        with pytest.raises(ValueError, match=r"agent\.npz: a broken agent file \(.*\); train it anew"):
            load_agent(tmp_path / "agent.npz")


def resave(path, where, **changes):
    """A file with other arrays or, in its heading, values; checksums are made anew."""
    with np.load(path) as stored:
        arrays = {name: stored[name].copy() for name in stored.files}
    heading = json.loads(arrays.pop("heading").tobytes())
    for name, change in changes.items():
        if name == "heading":
            change(heading)
        elif change is None:
            del arrays[name]
        else:
            arrays[name] = change(arrays.get(name))
    write_archive(where, heading, arrays)


def first(value):
    """A change of the first number of an array."""

    def change(array):
        array.flat[0] = value
        return array

    return change


def of_heading(name, value):
    return {"heading": lambda heading: heading.update({name: value})}


SHOPS = {
    "nan spend": ({"customers_spend": first(np.nan)}, "customers_spend has nan"),
    "negative visit": (
        {"customers_item_visit": first(-1)},
        r"customers_item_visit has -1, not 0\.\.",
    ),
    "product outside": (
        {"history_item_product": first(8)},
        r"history_item_product has 8, not 0\.\.7",
    ),
    "equal ids": ({"ids": lambda ids: np.repeat(ids[:1], len(ids))}, "ids is not in ascending order"),
    "fewer names": ({"descriptions": lambda each: each[1:]}, r"descriptions has the shape \(7,\), but products is 8"),
    "other type": ({"history_seen": lambda each: each.astype(np.float64)}, "history_seen holds float64"),
    "unsorted": ({"history_seen": lambda each: each[::-1]}, "history_seen is not in ascending order"),
    "missing": ({"history_segments": None}, "history_segments is missing"),
    "more": ({"more": lambda _: np.zeros(3)}, "more does not belong to it"),
    "no character": ({"ids": lambda ids: np.full(len(ids), 0x110000, np.uint32).view("<U1")}, "no character"),
    "state of another day": ({"customers_visit_state": lambda each: (each // 168) * 168}, "not that of the day"),
    "seed": (of_heading("seed", -1), r"seed is -1, not 0\.\.inf"),
    "date": (of_heading("customers_first_date", 10**30), "customers_first_date is 1000000"),
    "many states": (of_heading("tiers", [["segment", [str(n) for n in range(10**5)]], *[["month", []]] * 3]), "tiers"),
    "no tiers": (of_heading("tiers", None), "TypeError"),
    "report": (of_heading("report", {}), "KeyError"),
}


@pytest.mark.parametrize("case", SHOPS)
def test_a_shop_whose_checksums_were_made_anew(case, tiny_shop, tmp_path):
    changes, message = SHOPS[case]
    tiny_shop.save(tmp_path / "whole.npz")
    resave(tmp_path / "whole.npz", tmp_path / "shop.npz", **changes)
    with pytest.raises(ValueError, match=rf"shop\.npz: a broken shop file \(.*{message}.*\); build it anew") as error:
        Shop.load(tmp_path / "shop.npz")
    assert "\n" not in str(error.value)


RUNS = {
    "nan": ({"reward": first(np.nan)}, "reward has nan"),
    "chunks": ({"visits": lambda each: each[:-1]}, "has the shape"),
    "seed": ({"heading": lambda heading: heading["run"].update(seed=1.5)}, "seed is 1.5, not a int"),
    "visits": ({"heading": lambda heading: heading["run"].update(visit_count=7)}, "do not add up to its visits"),
}


@pytest.mark.parametrize("case", RUNS)
def test_a_kept_run_whose_checksums_were_made_anew(case, some, tmp_path):
    changes, message = RUNS[case]
    kind, content = some["run"]
    kind.path.write_bytes(content)
    resave(kind.path, tmp_path / "run.npz", **changes)
    with pytest.raises(ValueError, match=rf"run\.npz: a broken run file \(.*{message}.*\); run it again"):
        EvaluationResult.load(tmp_path / "run.npz")


def test_agents_that_would_never_end_or_leave_their_arrays(some, tmp_path):
    changes = {
        "previous": ({"_table.previous": lambda each: np.zeros_like(each)}, "previous goes in circles"),
        "places": ({"_table.places": lambda each: np.zeros_like(each)}, "places are not of the newcomers"),
        "pool": ({"._pool_size": first(10**6)}, "_pool_size has 1000000"),
        "order": ({"._order": first(1)}, "_order has a number twice"),
        "method": (
            {"heading": lambda heading: heading["attributes"][""].update(act=3)},
            "'act', which does not belong",
        ),
        "rng": ({"heading": lambda heading: heading.update(rng=None)}, "TypeError"),
    }
    kind, content = some["epsilon_greedy"]
    kind.path.write_bytes(content)
    for change, message in changes.values():
        resave(kind.path, tmp_path / "agent.npz", **change)
        with pytest.raises(ValueError, match=rf"a broken agent file \(.*{message}.*\); train it anew"):
            load_agent(tmp_path / "agent.npz")


def test_covariances_that_variances_rule_out(tiny_shop, tmp_path):
    agent = make_agent("hierarchical", history=tiny_shop.history, slate_size=3, seed=0)
    slates = agent.act(states := np.arange(100))
    agent.update(states, slates, np.zeros_like(slates), np.full(slates.shape, -2.0))
    agent.save(tmp_path / "whole.npz")
    assert load_agent(tmp_path / "whole.npz").model.rows > 0
    resave(tmp_path / "whole.npz", tmp_path / "agent.npz", **{"model.covariance": lambda each: -each - 1})
    with pytest.raises(ValueError, match=r"a broken agent file \(model has a covariance that is greater than its var"):
        load_agent(tmp_path / "agent.npz")


@pytest.mark.parametrize("name", SAVED)
def test_all_that_an_agent_keeps_is_declared(name, tiny_shop):
    if name in AGENTS:
        skip_without_extra(name)
    for owner, target in _with_parts(made(name, tiny_shop)):
        kept = vars(target).keys() - getattr(target, "parts", {}).keys() - {"rng"}
        assert declarations(type(target)).keys() == kept, f"{name}: {owner or type(target).__name__}"


class Undeclared(AGENTS["popular"]):
    """An agent of one's own, which declares nothing."""

    def __init__(self, history, slate_size, rng):
        super().__init__(history, slate_size, rng)
        self.own, self.more = np.arange(3), {"a": [1]}


def test_an_agent_of_one_s_own_need_not_declare_anything(tiny_shop, tmp_path):
    Undeclared(tiny_shop.history, 2, np.random.default_rng(0)).save(tmp_path / "agent.npz")
    loaded = load_agent(tmp_path / "agent.npz", own=[Undeclared])
    assert (loaded.own.tolist(), loaded.more) == ([0, 1, 2], {"a": [1]})
    resave(tmp_path / "agent.npz", tmp_path / "other.npz", **{".act": lambda _: np.zeros(3)})
    with pytest.raises(ValueError, match="has 'act', which does not belong to it"):
        load_agent(tmp_path / "other.npz", own=[Undeclared])


def test_what_nobody_asked_for_is_not_unpacked(tiny_shop, tmp_path):
    """4 GB of zeros fit in 4 MB; here a header that says so does."""
    tiny_shop.save(tmp_path / "shop.npz")
    for name in ("more.npy", "customers_spend.npy"):
        with (
            zipfile.ZipFile(tmp_path / "shop.npz") as whole,
            zipfile.ZipFile(tmp_path / "large.npz", "w", zipfile.ZIP_DEFLATED) as large,
        ):
            for member in whole.namelist():
                if member != name:
                    large.writestr(member, whole.read(member))
            header = str({"descr": "<f8", "fortran_order": False, "shape": (2**40,)}).ljust(117) + "\n"
            large.writestr(name, b"\x93NUMPY\x01\x00\x76\x00" + header.encode() + bytes(1000))
        with pytest.raises(
            ValueError, match=r"more does not belong to it|customers_spend is not as long as its shape says"
        ):
            Shop.load(tmp_path / "large.npz")


def test_the_grid_of_caps_is_as_long_as_is_declared():
    assert len(CAPS) == CAPS_KEPT


def test_a_flip_is_one_bit():
    before = bytes(100)
    after = flip_a_bit(bytearray(before), np.random.default_rng(1))
    assert sum(bin(each).count("1") for each in after) == 1
    assert not same({"a": np.zeros(3)}, {"a": np.zeros(3, np.float32)})
