"""Commands that are stopped and go on, and the folder in which each is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from selflearn_env import Shop

TINY = ["--shop", "shop.npz", "--slate-size", "3"]
QUICK = ["--agents", "popular", "epsilon_greedy", "--customer-models", "none", "--seeds", "2", *TINY]
STUDY = [
    "--jobs",
    "1",
    "--shop",
    "shop.npz",
    "--products",
    "all",
    "--slate-sizes",
    "3",
    "--visits",
    "200",
    "--whole-logs",
    "10",
]
TIMED = ("report.html", "tables.md")
TABLES = tuple(f"own/table.{kind}" for kind in ("md", "html", "json"))
SUITE = {
    "version": 1,
    "seeds": 3,
    "slate_size": 3,
    "reference": "popular",
    "environments": {
        "retail": {
            "about": "Customers are states.", "id": "selflearn/Retail-v0", "visits": {"tiny": 1000}, "measure": "gap",
        },
    },
}  # fmt: skip


@dataclass(frozen=True)
class Work:
    """A command that is stopped, and begun again in the same folder until it is done.

    Attributes:
        command: its name.
        options: what it is told; where there are several, each in its turn.
        out: the folder of its files, under that in which it is called.
        timed: how names of files begin that say how long it took, too; these are only looked for.
    """

    command: str
    options: Sequence[Sequence[str]]
    out: str = "out"
    timed: tuple[str, ...] = ()

    def line(self, turn: int) -> list[str]:
        """Its arguments."""
        out = [] if self.command == "bench" else ["--out", self.out]
        return [*self.options[turn % len(self.options)], *out]


WORKS = {
    "compare": Work("compare", [[*QUICK, "--customers", "3000", "--jobs", "1"]], timed=TIMED),
    "compare, two jobs": Work("compare", [[*QUICK, "--customers", "3000", "--jobs", "2"]], timed=TIMED),
    "train": Work("train", [["--customers", "2000", "--seed", seed, *TINY] for seed in "01"]),
    "lives": Work("lives", [["--agents", "random", "popular", "--customers", "300", "--seeds", "2", *TINY]]),
    "learning-study": Work(
        "learning-study",
        [["--visits", "500", "--seeds", "2", "--customer-models", "independent", "--warm-visits", "200", *TINY]],
    ),
    "ope-study": Work(
        "ope-study",
        [
            [*STUDY, "--customer-models", "independent", "--logging", "random", "--estimators", "sips", "dr"],
        ],
        timed=("kept/8-", "report.md", "cells.md"),
    ),
    "ope-lives": Work(
        "ope-lives",
        [["--shop", "shop.npz", "--slate-sizes", "2", "--logs", "2", "--lives", "100", "--true-lives", "500"]],
    ),
    "bench": Work("bench", [["run", "--suite", "own.yaml", "--jobs", "2"]], "results", TABLES),
}


def prepared(place: Path, shop: Shop) -> Path:
    """A folder with the shop, a suite, and a place for temporary files."""
    (place / "tmp").mkdir(parents=True)
    (place / "entries").mkdir()
    shop.save(place / "shop.npz")
    log = {"about": "Made for tests.", "recipe": {"source": "path", "file": "none", "sha256": "0"}}
    (place / "own.yaml").write_text(yaml.safe_dump({**SUITE, "logs": {"tiny": {**log, "digest": shop.digest}}}))
    for name, kind in (("popular", "baseline"), ("ucb", "agent")):
        entry = {"name": name, "agent": name, "kind": kind, "observes": "the state", "authors": ["somebody"]}
        (place / "entries" / f"{name}.yaml").write_text(yaml.safe_dump(entry))
    (place / ".suite_cache").mkdir()
    shop.save(place / ".suite_cache" / f"{shop.digest}.npz")
    return place
