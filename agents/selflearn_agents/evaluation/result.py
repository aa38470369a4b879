"""What one run gave: its curves, and the figures that are read off them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.evaluation.exact import gini, share_of_gap
from selflearn_env.archive import read_archive, refusing, write_archive
from selflearn_env.declared import (
    POSITIVE,
    Array,
    Declared,
    Sizes,
    check,
    counts,
    flag,
    indexes,
    numbers,
    real,
    text,
    whole,
)

if TYPE_CHECKING:
    import pandas as pd

KIND, VERSION = "selflearn-run", 4
ROUNDING = 1e-9
EDGE = 0.1  # the share of the visits that is called early, or late
MEANS = ("reward", "expected_reward", "regret", "random", "optimal", "purchases", "clicks", "novelty")  # of the visits
CURVES = (*MEANS, "exploration", "coverage", "gini")  # of each chunk
TURNS = {"0": 0, "1": 1, "2-3": 2, "4-7": 4, "8+": 8}  # numbers of earlier visits of the customer, and their first
BY_TURN = ("expected_reward", "random", "optimal")

# What a file must hold.
REMEDY = "run it again"
PLAIN: Declared = {
    "agent": text(),
    "privileged": flag(),
    "env_id": text(),
    "visit_count": whole(1),
    "batch": whole(1),
    "seed": whole(),
    "seconds": real(POSITIVE),
    "agent_seconds": real(POSITIVE),
    "real_hits": real(0.0, gap=True),
    "delay": real(0.0),
}
ARRAYS = {
    "visits": counts("chunks", ascending=True),
    **{name: numbers("chunks") for name in MEANS},
    "exploration": numbers("chunks", least=0.0, most=1.0, gaps=True),
    "coverage": numbers("chunks", least=0.0, most=1.0),
    "gini": numbers("chunks", least=-ROUNDING, most=1.0),
    "shown": counts("segments", "products"),
    "turn_visits": counts(len(TURNS)),
    **{f"turn_{name}": numbers(len(TURNS), gaps=True) for name in BY_TURN},
    "state_visits": counts("states"),
    "state_expected_reward": numbers("states", gaps=True),
}
SLATES = indexes("products", "usual visits", "slate_size", dtype=np.int32)


@dataclass(frozen=True, eq=False, repr=False)
class EvaluationResult:
    """How an agent did, in chunks of consecutive visits. Rewards are per slate, in reward units.

    Attributes:
        agent: the agent's name.
        privileged: whether it knows what no real agent could.
        env_id: the environment.
        visit_count: visits served.
        batch: visits decided before the feedback of any of them is learned from.
        seed: seed of the environment.
        seconds: time of the whole loop, environment and agent.
        agent_seconds: time of the agent alone, deciding and learning.
        visits: (C,) visits served by the end of each chunk.
        reward: (C,) mean sampled reward.
        expected_reward: (C,) mean of the exact expected reward of the slates shown.
        regret: (C,) mean expected reward of the best slate of distinct products minus that of the slate shown.
        random: (C,) exact expected reward of random slates in the same visits.
        optimal: (C,) exact expected reward of the best slates in the same visits.
        purchases: (C,) bought products per slate.
        clicks: (C,) clicked products per slate.
        novelty: (C,) mean self-information of the products shown, -log2 of their share of the history's purchases, in
            bits (Zhou et al. 2010); each product has one purchase more, so that none has a share of 0.
        exploration: (C,) share of the slots that show a product of less value than the n best have, by the agent's own
            `values`; of some of the visits. nan for an agent without estimates.
        coverage: (C,) share of the catalogue that was shown in the chunk.
        gini: (C,) how unequally the showings of the chunk fall on the catalogue: 0 all alike, 1 all on one product.
        shown: (G, P) how often each product was shown in each segment, over all visits.
        turn_visits: (T,) visits of customers who had been there as often as `TURNS` says; all are in the first where no
            customer is known.
        turn_expected_reward: (T,) mean expected reward in these; nan where there are none, so the others.
        turn_random: (T,) the same of random slates.
        turn_optimal: (T,) the same of the best slates.
        state_visits: (S,) visits in each state.
        state_expected_reward: (S,) mean expected reward in these; nan where there are none.
        real_hits: products per visit of the log's held-out customers that the agent would have shown after this run and
            that were in the real basket; no simulator has a part in it. nan where they were not counted.
        delay: visits by which feedback arrived later, in the mean of `Delay`; 0 without a delay.
        slates: (K, n) what the agent would show after this run in the visits of `usual_visits`, if it wanted to learn
            nothing from them. None where they were not asked for, or there are no such visits.
    """

    agent: str
    privileged: bool
    env_id: str
    visit_count: int
    batch: int
    seed: int
    seconds: float
    agent_seconds: float
    visits: NDArray[np.int64]
    reward: NDArray[np.float64]
    expected_reward: NDArray[np.float64]
    regret: NDArray[np.float64]
    random: NDArray[np.float64]
    optimal: NDArray[np.float64]
    purchases: NDArray[np.float64]
    clicks: NDArray[np.float64]
    novelty: NDArray[np.float64]
    exploration: NDArray[np.float64]
    coverage: NDArray[np.float64]
    gini: NDArray[np.float64]
    shown: NDArray[np.int64]
    turn_visits: NDArray[np.int64]
    turn_expected_reward: NDArray[np.float64]
    turn_random: NDArray[np.float64]
    turn_optimal: NDArray[np.float64]
    state_visits: NDArray[np.int64]
    state_expected_reward: NDArray[np.float64]
    real_hits: float = math.nan
    delay: float = 0.0
    slates: NDArray[np.int32] | None = None

    @property
    def label(self) -> str:
        """The agent's name in tables and plots, marked where it is privileged."""
        return marked(self.agent, self.privileged)

    @property
    def gap(self) -> NDArray[np.float64]:
        """(C,) share of the way from random to optimal expected reward; nan where no slate is better than another."""
        return share_of_gap(self.expected_reward, self.random, self.optimal)

    @property
    def turn_gap(self) -> NDArray[np.float64]:
        """(T,) share of the way from random to optimal, by the customer's earlier visits; nan where there are none."""
        return share_of_gap(self.turn_expected_reward, self.turn_random, self.turn_optimal)

    def __repr__(self) -> str:
        late = f", feedback {self.delay:g} visits later" if self.delay else ""
        return (
            f"EvaluationResult({self.label} in {self.env_id}, seed {self.seed}, {self.visit_count:,} visits in batches "
            f"of {self.batch:,}{late}: reward {self.mean('reward'):.2f}, gap {self.gap_between():.3f})"
        )

    def mean(self, name: str, first: float = 0.0, last: float = 1.0) -> float:
        """Mean of a per-chunk figure per visit, over the chunks that end between two shares of the visits."""
        share = self.visits / self.visit_count
        chosen = (share > first + 1e-9) & (share <= last + 1e-9)
        if not chosen.any():
            chosen[0 if first == 0 else -1] = True
        weight = np.diff(self.visits, prepend=0)[chosen]
        return float(np.average(getattr(self, name)[chosen], weights=weight))

    def gap_between(self, first: float = 0.0, last: float = 1.0) -> float:
        """Share of the way from random to optimal, by the means between two shares of the visits."""
        means = (self.mean(name, first, last) for name in ("expected_reward", "random", "optimal"))
        return float(share_of_gap(*means))

    def figures(self) -> dict[str, Any]:
        """What a table or a manifest says of the run."""
        shown = self.shown.sum(axis=0)
        return {
            "agent": self.label,
            "seed": self.seed,
            "visits": self.visit_count,
            "batch": self.batch,
            "delay": self.delay,
            "reward": self.mean("reward"),
            "reward_early": self.mean("reward", 0.0, EDGE),
            "reward_late": self.mean("reward", 1 - EDGE),
            "expected_reward": self.mean("expected_reward"),
            "regret": self.mean("regret"),
            "purchases": self.mean("purchases"),
            "clicks": self.mean("clicks"),
            "random": self.mean("random"),
            "optimal": self.mean("optimal"),
            "gap": self.gap_between(),
            "gap_late": self.gap_between(1 - EDGE),
            **{f"gap_after_{label}": float(gap) for label, gap in zip(TURNS, self.turn_gap, strict=True)},
            "real_hits": self.real_hits,
            "coverage": float((shown > 0).mean()),
            "gini": float(gini(shown)),
            "exploration": self.mean("exploration"),
            "novelty": self.mean("novelty"),
            "slates_per_second": self.visit_count / self.seconds,
            "agent_slates_per_second": self.visit_count / self.agent_seconds,
        }

    def frame(self) -> pd.DataFrame:
        """The curve, one row per chunk."""
        import pandas as pd  # not needed to run

        columns = {name: getattr(self, name) for name in ("visits", *CURVES, "gap")}
        return pd.DataFrame({"agent": self.label, "seed": self.seed, **columns})

    def save(self, path: Path) -> None:
        """Writes the run to one file, whole or not at all.

        Raises:
            OSError: the file cannot be written.
        """
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays = {name: value for name, value in content.items() if isinstance(value, np.ndarray)}
        plain = {name: value for name, value in content.items() if name not in arrays}
        write_archive(path, {"format": KIND, "version": VERSION, "run": plain}, arrays)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a run that `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is no run, is broken, or was written by another version of this package.
        """
        heading, arrays = read_archive(path, KIND, VERSION, _declared, REMEDY)
        curves: dict[str, Any] = dict(arrays)
        with refusing(path, KIND, REMEDY):
            result = cls(**heading["run"], **curves)
            if result.visits[-1] != result.visit_count or result.state_visits.sum() != result.visit_count:
                raise ValueError("its chunks do not add up to its visits")
        return result


def _declared(heading: dict[str, Any], names: list[str]) -> tuple[dict[str, Array | None], Sizes]:
    """What the arrays of a run must be like; its numbers and texts are checked at once.

    Raises:
        ValueError: a number or text is missing or wrong.
    """
    check(PLAIN, heading["run"], {})
    return {**ARRAYS, **({"slates": SLATES} if "slates" in names else {})}, {}


def marked(name: str, privileged: bool) -> str:
    """An agent's name in tables and plots."""
    return f"{name} (privileged)" if privileged else name
