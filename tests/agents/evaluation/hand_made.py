"""Runs and comparisons whose figures are given by hand, and a world of which every number is known."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
from selflearn_agents.evaluation import ComparisonResult, EvaluationResult
from selflearn_agents.evaluation.result import BY_TURN, CURVES, TURNS, VERSION

from selflearn_env.archive import write_archive

SIZE = 3
SEEDS = [0.00, 0.02, -0.02, 0.01, -0.01]  # what the seeds have in common
NOISE = {  # and what they have not
    "good": [0.0, 0.01, -0.01, 0.02, -0.02],
    "poor": [0.02, -0.02, 0.01, -0.01, 0.0],
    "fair": [-0.02, 0.0, 0.02, 0.01, -0.01],
}


def rewards(level, own="good"):
    return [level + seed + noise for seed, noise in zip(SEEDS, NOISE[own], strict=True)]


STATES, PRODUCTS, SEGMENTS = 30, 9, 4
HISTORY = SimpleNamespace(
    segment=np.arange(STATES) % SEGMENTS,
    segment_products=np.ones((SEGMENTS, PRODUCTS), dtype=bool),
    purchases=np.arange(STATES * PRODUCTS).reshape(STATES, PRODUCTS) ** 2 % 11 * (np.arange(PRODUCTS) > 0),
    products=PRODUCTS,
)


def run_of(agent, seed, expected, *, privileged=False, every=10, env_id="hand/Made-v0", batch=1, **known):
    """A run of given expected reward in each chunk; random slates earn 0, the best ones 1 if nothing else is said.

    Args:
        agent: the agent's name.
        seed: the seed.
        expected: (C,) expected reward.
        privileged: as in `EvaluationResult`.
        every: visits per chunk.
        env_id: as in `EvaluationResult`.
        batch: as in `EvaluationResult`.
        **known: other figures, a curve (C,) or one number for all chunks; `shown` (G, P); `real_hits`; `turns`, by
            the labels of `TURNS`: visits, expected reward, that of random and of the best slates; `states` (2, S),
            visits and mean expected reward of each state; `slates` (K, n).
    """
    expected = np.array(expected, dtype=float)
    shown = np.array(known.pop("shown", [[SIZE * every * len(expected), 0]]))
    given = {"random": 0.0, "optimal": 1.0, "reward": expected, "expected_reward": expected, **known}
    given.setdefault("regret", np.asarray(given["optimal"]) - expected)
    curves = {name: np.array(np.broadcast_to(given.get(name, 0.5), expected.shape), dtype=float) for name in CURVES}
    visits = every * np.arange(1, len(expected) + 1)
    served = int(visits[-1])
    turns = given.get("turns", {"0": (served, expected.mean(), 0.0, 1.0)})
    by_turn = np.array([turns.get(label, (0, np.nan, np.nan, np.nan)) for label in TURNS]).T
    met = np.array(given.get("states", [[served], [expected.mean()]]))
    more = {f"turn_{name}": means for name, means in zip(BY_TURN, by_turn[1:], strict=True)}
    return EvaluationResult(
        agent, privileged, env_id, served, batch, seed, 2.0, 1.0, visits=visits, shown=shown, **curves,
        turn_visits=by_turn[0].astype(np.int64), **more, real_hits=given.get("real_hits", 1.5),
        state_visits=met[0].astype(np.int64), state_expected_reward=met[1], slates=given.get("slates"),
    )  # fmt: skip


def compared(agents, **known):
    """A comparison of agents, each with the expected rewards (seeds, C) of its runs, or (seeds,) alike in 10 chunks."""
    runs = []
    for agent, rewards in agents.items():
        privileged = agent.endswith("!")
        for seed, of in enumerate(rewards):
            curve = of if np.ndim(of) else np.full(10, float(of))
            runs.append(run_of(agent.rstrip("!"), seed, curve, privileged=privileged, **known))
    return ComparisonResult(tuple(runs))


def column(table, name):
    """Column of a table by the first one."""
    at = table.head.index(name)
    return {row[0]: row[at] for row in table.rows}


def same(one, other):
    """Whether two results are equal bit for bit."""
    for field in fields(EvaluationResult):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            if a.dtype != b.dtype or a.shape != b.shape or a.tobytes() != b.tobytes():
                return False
        elif (type(a), a) != (type(b), b) and not (a != a and b != b):  # nan is nan
            return False
    return True


def bare(results):
    """Runs without their times."""
    return [replace(run, seconds=0.0, agent_seconds=0.0) for run in results]


def assert_same(results, others):
    for one, other in zip(bare(results), bare(others), strict=True):
        assert same(one, other), (one.agent, one.seed)


def broken(path, how):
    run_of("a", 0, [0.5]).save(path)
    whole = path.read_bytes()
    heading = {"format": "selflearn-run", "version": VERSION}
    if how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "text":
        path.write_text("a run")
    elif how == "no run":
        write_archive(path, heading, {})
    elif how == "no curves":
        write_archive(path, {**heading, "run": {"agent": "a"}}, {})
    elif how == "too much":
        write_archive(path, {**heading, "run": {"agent": "a", "mood": "fine"}}, {})
    elif how == "other kind":
        write_archive(path, {**heading, "format": "selflearn-agent"}, {})
    elif how == "newer":
        write_archive(path, {**heading, "version": VERSION + 1}, {})


BROKEN = ("empty", "cut", "text", "no run", "no curves", "too much", "other kind", "newer")


class Moment:
    """A simulator with numbers that tell the moment, the state and the slate apart; it counts what it is asked."""

    states, products = SimpleNamespace(size=STATES), PRODUCTS
    lasting = False

    def __init__(self, number, asked, drifts=True):
        self.number, self.asked, self.changes = number, asked, drifts
        self.customers = object()  # others at every moment

    def expected_reward(self, states, slates):
        self.asked.append(len(states))
        return 1000.0 * self.number + 10.0 * states + slates @ np.array([0.1, 0.01])

    def optimal_slate(self, states):
        return np.stack([states % 7 + self.number, states % 5], axis=1)

    def random_reward(self, states):
        return -1000.0 * self.number - 3.0 * states
