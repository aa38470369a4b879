"""How soon off-policy estimates of lives fail: by slate size, distance of the target, and how many visits count."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from selflearn_agents.agent import Agent
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.lives.offline import LIVES_ESTIMATORS, judge_lives
from selflearn_agents.ope.lives.weights import LivesEvidence
from selflearn_agents.specification import AgentSpec
from selflearn_env import Shop
from selflearn_env.core.journey.serving import serve
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import Visits

ENV = "selflearn/RetailJourney-v0"
REWARDS = Rewards(buy=7.0, click=3.0, ignore=0.0)  # with which a customer who comes again is worth something
VISITS = (1, 2, 5, 10, 20, None)  # of a life; None for all
SIZES = (1, 3, 10)
POLICIES = {  # that log -> those to be judged: itself, and others ever further away
    "gradient(sharpness=2.0)": (
        *("gradient(sharpness=2.0)", "gradient(sharpness=2.2)", "gradient(sharpness=3.0)", "random", "popular"),
    ),
    "epsilon_greedy(epsilon=0.5, prior='rate')": (
        *("epsilon_greedy(epsilon=0.5, prior='rate')", "epsilon_greedy(epsilon=0.45, prior='rate')"),
        *("epsilon_greedy(epsilon=0.25, prior='rate')", "random", "popular"),
    ),
}
LOGGED = "logged mean"  # who takes the log's mean return for the target's


class Truth(NamedTuple):
    """Mean return of the first visits of lives, for each number of visits (H,), and its standard error (H,)."""

    value: NDArray[np.float64]
    error: NDArray[np.float64]


def study_lives(
    shop: Shop,
    slate_sizes: Sequence[int] = SIZES,
    logs: int = 50,
    lives: int = 1_000,
    true_lives: int = 20_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Judges policies by logs of lives that others wrote, and looks how far the estimates are from the truth.

    No policy learns while it serves.

    Args:
        shop: whose customers live in `RetailJourney-v0`, each purchase 7, click 3, and an ignored product 0.
        slate_sizes: products per slate.
        logs: of each logged policy.
        lives: of each log.
        true_lives: simulated for the truth.
        seed: of customers and policies.

    Returns:
        One row for each logged policy, slate size, target, number of visits (0 for all) and estimator: `truth` and
        `truth_error`, its standard error; over the logs `bias`, `rmse`, `error`, the mean of the standard errors,
        `coverage` of the 95 % intervals, `trusted`, the share of the logs whose verdict is "ok", and `warned`, the
        share of those whose interval fails that say "do not trust this"; and medians of the effective lives after all
        the visits that count, `met` in the log and `foreseen`, and of `lasts`, after how many visits fewer than half of
        the lives are left, as foreseen.
    """
    rows: list[dict[str, Any]] = []
    bar = tqdm(total=len(slate_sizes) * sum(map(len, POLICIES.values())) * logs, unit=" logs judged", disable=None)
    for size in slate_sizes:
        options: dict[str, Any] = {"shop": shop, "slate_size": size, "rewards": REWARDS}
        env: Any = gym.make_vec(ENV, 1, vectorization_mode="vector_entry_point", **options).unwrapped
        for logged, names in POLICIES.items():
            logger, *targets = (_policy(name, shop, size, seed, env.simulator) for name in (logged, *names))
            truths = true_returns(env.simulator, targets, VISITS, true_lives, seed)
            found: dict[str, list[list[pd.DataFrame]]] = {name: [] for name in names}
            for which in range(logs):
                logged_lives = sample_lives(env.simulator, logger, lives, seed + 1 + which)
                for name, target in zip(names, targets, strict=True):
                    evidence = LivesEvidence(logged_lives, target, logger, shop.states)
                    found[name].append([_judged(evidence, count) for count in VISITS])
                    bar.update()
            for name, truth in zip(names, truths, strict=True):
                about = {"logged": logged, "slate_size": size, "target": name}
                for which, count in enumerate(VISITS):
                    of = pd.concat([log[which] for log in found[name]])
                    for estimator, each in of.groupby("estimator", sort=False):
                        figures = _figures(each, truth.value[which], truth.error[which])
                        rows.append({**about, "visits": count or 0, "estimator": estimator, **figures})
    bar.close()
    return pd.DataFrame(rows)


def true_returns(
    simulator: Simulator, policies: Sequence[Agent], visits: Sequence[int | None], lives: int, seed: int
) -> list[Truth]:
    """What lives are worth to each policy: the same customers, whose worlds branch at their first visit.

    Means of the exact expected reward of each slate, given all that the customer remembers, in the place of what it
    earned: no noise of responses is left, but for what follows from them in later visits.

    Args:
        simulator: of the customers.
        policies: fixed ones; none is told anything.
        visits: how many of a life count; None for all.
        lives: how many.
        seed: of the environment.
    """
    run = simulator.begin(np.random.default_rng(seed))
    first = simulator.start(lives, run)
    slates = [policy.act(first.state) for policy in policies]
    truths = []
    for policy, shown, (outcome, own) in zip(policies, slates, simulator.branch(first, slates, run), strict=True):
        returns = np.zeros((len(visits), lives))
        returns += simulator.expected_reward(first, shown)
        after = np.flatnonzero(~(outcome.terminated | outcome.truncated))
        later = serve(simulator, outcome.visits.rows(after), partial(_slates, policy), own)
        for visit, served in enumerate(later, start=1):
            earned = simulator.expected_reward(served.visits, served.slates)
            for of, count in zip(returns, visits, strict=True):
                if count is None or visit < count:
                    of[after[served.rows]] += earned
        truths.append(Truth(returns.mean(axis=1), returns.std(axis=1) / np.sqrt(lives)))
    return truths


def sample_lives(simulator: Simulator, policy: Agent, lives: int, seed: int) -> VisitLog:
    """A log of lives that a fixed policy served, which is told of states, and of nothing that came of its slates."""
    run = simulator.begin(np.random.default_rng(seed))
    rounds = list(serve(simulator, simulator.start(lives, run), partial(_slates, policy), run))
    order = np.argsort(np.concatenate([served.rows for served in rounds]), kind="stable")

    def column(arrays: list[NDArray]) -> NDArray:
        return np.concatenate(arrays)[order]

    state = column([served.visits.state for served in rounds])
    slate = column([served.slates for served in rounds])
    outcomes = [served.outcome for served in rounds]
    ends: dict[str, Any] = {
        name: column([getattr(each, name) for each in outcomes]) for name in ("terminated", "truncated")
    }
    last = column([each.visits.state for each in outcomes])[ends["terminated"] | ends["truncated"]]
    return VisitLog(
        agent=type(policy).__name__,
        env_id=ENV,
        seed=seed,
        observation=state,
        state=state,
        slate=slate,
        response=column([each.response for each in outcomes]),
        item_reward=column([each.item_reward for each in outcomes]),
        propensity=policy.propensity(state, slate),
        last_observation=last,
        last_state=last,
        **ends,
    )


def as_text(frame: pd.DataFrame) -> str:
    """Tables of `study_lives` as Markdown: a row for each target, a column for each number of visits."""
    named = frame.assign(share=100 * frame["rmse"] / frame["truth"].abs(), held=100 * frame["coverage"])
    named = named.set_index("estimator")
    of_weights = named.loc["tis"]
    parts = [
        f"Effective lives after so many visits, as foreseen:\n\n{_by_visits(of_weights, 'foreseen')}",
        f"Effective lives after so many visits, as met in the logs:\n\n{_by_visits(of_weights, 'met')}",
    ]
    for name in (*LIVES_ESTIMATORS, LOGGED):
        what = f"{name}: root mean squared error, in % of the true return"
        parts.append(f"{what}:\n\n{_by_visits(named.loc[name], 'share')}")
        if name != LOGGED:
            what = f"{name}: how often its 95 % interval holds the true return, in % of the logs"
            parts.append(f"{what}:\n\n{_by_visits(named.loc[name], 'held')}")
    return "\n".join(parts)


def _by_visits(of: pd.DataFrame, column: str) -> str:
    """A table of one column of one estimator."""
    rows = [
        [*map(str, about), *(number(value, 0) for value in group[column])]
        for about, group in of.groupby(["logged", "slate_size", "target"], sort=False)
    ]
    return table(["logged", "slate", "target", *("all" if count is None else f"{count}" for count in VISITS)], rows)


def _slates(policy: Agent, visits: Visits) -> NDArray[np.int64]:
    return policy.act(visits.state)


def _policy(name: str, shop: Shop, slate_size: int, seed: int, simulator: Simulator) -> Agent:
    return AgentSpec.parse(name).make(shop.history, slate_size, seed, simulator)


def _judged(evidence: LivesEvidence, visits: int | None) -> pd.DataFrame:
    """What is said by one log: a row per estimator, and one that takes the target for the logged policy."""
    result = judge_lives(evidence.beginnings(visits), list(LIVES_ESTIMATORS))
    found = result.to_frame().reset_index()
    found.loc[len(found), ["estimator", "value", "verdict"]] = LOGGED, result.logged_return, ""
    few = np.flatnonzero(result.foreseen < result.lives / 2)
    lasts = few[0] if few.size else np.inf
    return found.assign(met=result.effective[-1], foreseen=result.foreseen[-1], lasts=lasts)


def _figures(found: pd.DataFrame, truth: float, truth_error: float) -> dict[str, float]:
    """The figures of `study_lives` of one estimator; a value that is nan counts as far off and not held."""
    off = found["value"] - truth
    held = (found["low"] <= truth) & (truth <= found["high"])
    none = found["low"].isna().all()
    failed = found["verdict"][~held]
    return {
        "truth": truth,
        "truth_error": truth_error,
        "bias": off.mean(),
        "rmse": float(np.sqrt(np.square(off).mean())),
        "error": found["error"].mean(),
        "coverage": np.nan if none else held.mean(),
        "trusted": found["verdict"].str.startswith("ok").mean(),
        "warned": failed.str.startswith("do not trust").mean() if len(failed) and not none else np.nan,
        **found[["met", "foreseen", "lasts"]].median(),
    }
