"""A shop on disk: one file without pickle, that comes back equal or is refused with a reason."""

import json
from dataclasses import fields

import numpy as np
import pytest

from selflearn_env import Shop
from selflearn_env.archive import write_archive
from selflearn_env.core import tables
from selflearn_env.core.tables import SparseTable


@pytest.fixture
def path(tiny_shop, tmp_path):
    """The tiny shop on disk, alone in its folder."""
    tiny_shop.save(tmp_path / "shop.npz")
    return tmp_path / "shop.npz"


def resave(path, **heading):
    """Writes a shop file again with parts of its heading replaced."""
    with np.load(path) as stored:
        arrays = dict(stored)
    changed = json.loads(arrays.pop("heading").tobytes()) | heading
    write_archive(path, {key: value for key, value in changed.items() if value is not None}, arrays)


def assert_equal_fields(one, other):
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, field.name
            assert np.array_equal(a, b), field.name
        elif isinstance(a, SparseTable):
            for own, others in zip(a.filled(), b.filled(), strict=True):
                assert own.dtype == others.dtype, field.name
                assert np.array_equal(own, others), field.name
        elif field.name == "baskets":
            assert_equal_fields(a, b)
        else:
            assert a == b, field.name


def assert_equal(one, other):
    for part in ("catalogue", "history", "customers"):
        assert_equal_fields(getattr(one, part), getattr(other, part))
    assert np.array_equal(one.history.visits, other.history.visits)
    assert np.array_equal(one.history.purchases, other.history.purchases)
    assert (one.report, one.seed, one.states, one.digest) == (other.report, other.seed, other.states, other.digest)


def test_round_trip(tiny_shop, path):
    loaded = Shop.load(str(path))
    assert_equal(loaded, tiny_shop)
    assert np.array_equal(loaded.demand().incidence, tiny_shop.demand().incidence)
    assert str(loaded.report) == str(tiny_shop.report)


@pytest.mark.parametrize(
    "options",
    [{"period": "week", "seed": 5}, {"history_share": 1}, {"max_products": 4, "exclude_products": ()}],
    ids=["week", "all is history", "few products"],
)
def test_round_trip_of_other_shops(busy_log, busy_segments, tmp_path, options):
    shop = Shop.from_transactions(busy_log, segments=busy_segments, **options)
    shop.save(tmp_path / "any ending")
    assert_equal(Shop.load(tmp_path / "any ending"), shop)


def test_round_trip_of_fractional_quantities(busy_log, busy_segments, tmp_path):
    shop = Shop.from_transactions(busy_log.assign(quantity=busy_log["quantity"] / 4), segments=busy_segments)
    shop.save(tmp_path / "shop.npz")
    assert_equal(Shop.load(tmp_path / "shop.npz"), shop)


def test_round_trip_of_a_large_catalogue(busy_log, busy_segments, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "DENSE", 100)
    shop = Shop.from_transactions(busy_log, segments=busy_segments)
    assert isinstance(shop.history.purchases, SparseTable)
    shop.save(tmp_path / "shop.npz")
    assert_equal(Shop.load(tmp_path / "shop.npz"), shop)


def test_where_all_is_history_its_visits_are_kept_once(busy_log, busy_segments, tmp_path):
    shop = Shop.from_transactions(busy_log, segments=busy_segments, history_share=1)
    shop.save(tmp_path / "shop.npz")
    with np.load(tmp_path / "shop.npz") as stored:
        assert "customers_item_visit" in stored.files
        assert not [name for name in stored.files if name.startswith(("history_visit", "history_item"))]
    loaded = Shop.load(tmp_path / "shop.npz")
    assert loaded.history.baskets.item_visit is loaded.customers.item_visit


def test_round_trip_of_the_retail_shop(retail_shop, tmp_path):
    retail_shop.save(tmp_path / "shop.npz")
    assert (tmp_path / "shop.npz").stat().st_size < 5e6
    assert_equal(Shop.load(tmp_path / "shop.npz"), retail_shop)


def test_loaded_shop_is_read_only(path):
    history = Shop.load(path).history
    for array in (history.purchases, history.visits, history.baskets.item_product):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_file_holds_plain_arrays_only(path):
    with np.load(path, allow_pickle=False) as stored:
        kinds = {name: stored[name].dtype.kind for name in stored.files}
    assert kinds["heading"] == "u"
    assert "O" not in kinds.values()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.95, 0.999])
def test_truncated_file(path, share):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"shop\.npz: not a selflearn-shop file, or a broken one"):
        Shop.load(path)


def test_damaged_file_is_refused_or_equal(tiny_shop, path):
    whole, rng = path.read_bytes(), np.random.default_rng(11)

    def outcome(content):
        path.write_bytes(content)
        try:
            return Shop.load(path).digest
        except ValueError as error:
            return "refused" if "shop.npz: " in str(error) else str(error)

    damaged = [bytearray(whole) for _ in range(400)]
    for content in damaged:
        content[rng.integers(len(whole))] ^= int(rng.integers(1, 256))
    assert set(map(outcome, damaged)) <= {"refused", tiny_shop.digest}


@pytest.mark.parametrize(
    "content", [b"", b"invoice,product\n1,2\n", b"\x80\x04K\x01."], ids=["empty", "text", "pickle"]
)
def test_foreign_file(tmp_path, content):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"log\.csv: not a selflearn-shop file"):
        Shop.load(path)


@pytest.mark.parametrize("save", [np.savez, lambda path, **arrays: np.save(path, arrays["a"])], ids=["npz", "npy"])
def test_foreign_arrays(tmp_path, save):
    path = tmp_path / "arrays"
    with path.open("wb") as file:
        save(file, a=np.arange(3))
    with pytest.raises(ValueError, match="arrays: not a selflearn-shop file"):
        Shop.load(path)


def test_foreign_pickled_arrays(tmp_path):
    path = tmp_path / "objects.npz"
    np.savez(path, heading=np.array([{"format": "selflearn-shop"}], dtype=object))
    with pytest.raises(ValueError, match=r"objects\.npz: not a selflearn-shop file"):
        Shop.load(path)


def test_agent_is_no_shop(tmp_path):
    path = tmp_path / "agent"
    write_archive(path, {"format": "selflearn-agent", "version": 1}, {"values": np.zeros(3)})
    with pytest.raises(ValueError, match="agent: not a selflearn-shop file but 'selflearn-agent'"):
        Shop.load(path)


def test_newer_version(path):
    resave(path, version=99)
    with pytest.raises(ValueError, match=r"shop\.npz: written in format 99, .*reads 4; upgrade selflearn-env"):
        Shop.load(path)


@pytest.mark.parametrize(
    "heading",
    [
        {"tiers": None},
        {"tiers": 5},
        {"tiers": [["segment", ["a"]]]},
        {"report": [1]},
        {"history_pooling": [{}]},
        {"report": {}},
    ],
    ids=["no tiers", "number", "one tier", "report list", "pooling", "empty report"],
)
def test_heading_that_does_not_fit(path, heading):
    resave(path, **heading)
    with pytest.raises(ValueError, match=r"shop\.npz: a broken shop file"):
        Shop.load(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        Shop.load(tmp_path / "shop.npz")


@pytest.mark.parametrize("target", ["nowhere/shop.npz", "file/shop.npz", "folder"])
def test_unwritable_target(tiny_shop, tmp_path, target):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=target.split("/")[0]):
        tiny_shop.save(tmp_path / target)
    assert sorted(str(found.relative_to(tmp_path)) for found in tmp_path.rglob("*")) == ["file", "folder"]


def test_failing_save_leaves_the_old_file_alone(busy_log, busy_segments, path, monkeypatch):
    before = path.read_bytes()
    other = Shop.from_transactions(busy_log, segments=busy_segments)

    def full_disk(file, **arrays):
        file.write(b"half a shop")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="no space left"):
        other.save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_saving_again_replaces_the_old_file(busy_log, busy_segments, path):
    other = Shop.from_transactions(busy_log, segments=busy_segments)
    other.save(path)
    assert Shop.load(path).digest == other.digest


def test_digest_tells_shops_apart(busy_log, busy_segments):
    def digest(log, **options):
        return Shop.from_transactions(log, segments=busy_segments, history_share=1, **options).digest

    renamed = busy_log.assign(description=busy_log["description"].str.upper())
    one_more = busy_log.assign(
        quantity=busy_log["quantity"] + (busy_log.index == busy_log["customer"].first_valid_index())
    )
    digests = [
        digest(busy_log),
        digest(busy_log, seed=1),
        digest(busy_log, period="week"),
        digest(renamed),
        digest(one_more),
    ]
    assert len(set(digests)) == 5
