"""What a command may write over."""

from __future__ import annotations

import os

import pytest
from selflearn_agents.commands.replacing import check_replaced

from selflearn_env import Shop
from selflearn_env.archive import write_archive


@pytest.fixture
def place(tmp_path):
    """A folder with a log, a folder of parts, and links to both."""
    (tmp_path / "sales.csv").write_text("invoice,product\n1,2\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "1.parquet").write_bytes(b"PAR1")
    (tmp_path / "link.csv").symlink_to(tmp_path / "sales.csv")
    os.link(tmp_path / "sales.csv", tmp_path / "hard.csv")
    (tmp_path / "more").symlink_to(tmp_path / "parts")
    return tmp_path


@pytest.mark.parametrize(
    ("out", "log"),
    [
        ("sales.csv", "sales.csv"),
        ("parts/../sales.csv", "sales.csv"),
        ("link.csv", "sales.csv"),
        ("sales.csv", "link.csv"),
        ("hard.csv", "sales.csv"),
        ("parts/1.parquet", "parts"),
        ("parts/shop.npz", "parts"),
        ("more/1.parquet", "parts"),
        ("parts/1.parquet", "more"),
    ],
)
def test_a_log_is_not_replaced_by_what_is_made_from_it(out, log, place):
    with pytest.raises(ValueError, match=r"--out .* would overwrite what is read, .*; name another file"):
        check_replaced(place / out, place / log, "shop", Shop.is_saved)


def test_a_file_of_another_kind_is_not_replaced(place, tiny_shop):
    with pytest.raises(
        ValueError, match=r"hard\.csv is there already and is no shop; name another file, or remove it first"
    ):
        check_replaced(place / "hard.csv", place / "parts", "shop", Shop.is_saved)
    write_archive(place / "agent.npz", {"format": "selflearn-agent", "version": 4}, {})
    with pytest.raises(ValueError, match="is there already and is no shop"):
        check_replaced(place / "agent.npz", place / "sales.csv", "shop", Shop.is_saved)


def test_a_shop_is_replaced_by_another(place, tiny_shop):
    tiny_shop.save(place / "shop.npz")
    (place / "empty").touch()
    for out in ("shop.npz", "new.npz", "empty"):
        check_replaced(place / out, place / "sales.csv", "shop", Shop.is_saved)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        check_replaced(place / "nowhere" / "shop.npz", place / "sales.csv", "shop", Shop.is_saved)
