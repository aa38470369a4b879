"""Rules of what an agent depends on: its seed, its visits and their feedback, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents import load_agent
from selflearn_agents.agent import Agent
from selflearn_agents.testing.trial import Trial
from selflearn_env.core.seen import SeenVisits
from selflearn_env.testing.contract import generators, kept_generators, seed_generators

ROUNDS, BATCH = 6, 20


def repeats_itself(trial: Trial) -> None:
    """Agents of one seed show the same slates to the same visits, whatever else draws random numbers."""
    for batch, visits in trial.visits_of_batch.items():
        runs = []
        with kept_generators():
            for outside in (4, 5):
                seed_generators(outside)
                before = generators()
                runs.append(trial.serve(trial.make(seed=4), visits, batch, seed=2))
                used = [name for name, state in generators().items() if before[name] != state]
                trial.require(
                    not used,
                    f"draws from {' and '.join(used)}, which the whole program shares; draw from self.rng instead",
                )
        _require_equal(
            trial, runs, "made twice with one seed, shows different slates to the same visits; draw random numbers "
            "from self.rng, and do not depend on time, on hashes or on the order of sets",
        )  # fmt: skip


def goes_on_when_loaded(trial: Trial) -> None:
    """A loaded agent continues bit for bit; one that cannot be saved says so, and writes nothing."""
    if trial.spec.agent_class.unsaved is not None:
        _see_that_it_cannot_be_saved(trial)
        return
    for batch, visits in trial.visits_of_batch.items():
        agent = trial.make()
        trial.serve(agent, visits, batch, seed=3)
        loaded = saved_and_loaded(agent)
        trial.require(type(loaded) is type(agent), f"is a {type(loaded).__name__} when it is loaded")
        advice = (
            "does not go on as before when it is saved and loaded; keep all that it has learned in arrays, numbers "
            "and texts among its attributes, and name objects of other classes in `parts`"
        )
        (one, seen), (other, _) = (trial.served(each, visits, batch, seed=4) for each in (agent, loaded))
        _require_equal(trial, (one, other), advice)
        try:
            values = agent.values(seen), loaded.values(seen)
        except NotImplementedError:
            continue
        _require_equal(trial, values, advice)


def saved_and_loaded(agent: Agent) -> Agent:
    """The agent once it was saved and loaded."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "agent.npz"
        agent.save(path)
        return load_agent(path, own=[type(agent)])


def _see_that_it_cannot_be_saved(trial: Trial) -> None:
    said = ""
    with TemporaryDirectory() as folder:
        try:
            trial.make().save(Path(folder) / "agent.npz")
        except NotImplementedError as error:
            said = str(error)
        trial.require("cannot be saved: " in said, f"says {said!r} of why it is `unsaved`, not 'cannot be saved: ...'")
        trial.require(not list(Path(folder).iterdir()), "says that it cannot be saved, and writes a file")


def leaves_its_inputs_alone(trial: Trial) -> None:
    """The agent does not write to what it is given: visits, slates, responses, rewards, masks, the history."""
    digest = trial.shop.digest
    agent = trial.make()
    learned = trial.served(agent, 200, BATCH, seed=9)[1]
    shown = trial.visits(agent, BATCH, seed=9)
    slates = agent.act(shown)
    eligible = np.ones((BATCH, agent.products), dtype=bool)
    feedback = learned, slates.copy(), np.ones(slates.shape, dtype=np.int8), np.ones(slates.shape)
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("act", (trial.visits(agent, BATCH, seed=9),)),
        ("act", (learned, eligible)),
        ("update", feedback),
        ("values", (learned,)),
        ("propensity", (learned, slates.copy(), eligible)),
        ("marginals", (learned, eligible)),
    ]
    for method, given in calls:
        before = deepcopy(given)
        try:
            getattr(agent, method)(*given)
        except NotImplementedError:
            continue
        names = (
            ("visits", "slates", "responses", "item_rewards") if method == "update" else ("visits", "slates", "mask")
        )
        for name, one, other in zip(names, before, given, strict=False):
            trial.require(
                all(np.array_equal(was, now) for was, now in zip(_arrays(one), _arrays(other), strict=True)),
                f"changes the {name} that `{method}` is given, which others use, too; work on a copy",
            )
    trial.require(
        replace(trial.shop).digest == digest, "changes the history that it is given, which others read, too; copy it"
    )


def keeps_no_arrays_of_others(trial: Trial) -> None:
    """The caller may write to arrays that it gave to `update` or got from `act`; that changes nothing for the agent."""
    shown = []
    for reused in (False, True):
        agent, slates_shown = trial.make(), []
        learned = trial.served(agent, 10 * BATCH, BATCH, seed=10)[1]
        rng = np.random.default_rng(6)
        for _ in range(ROUNDS):
            slates = agent.act(_as_given(trial, agent, learned))
            slates_shown.append(slates.copy())
            responses = rng.integers(3, size=slates.shape).astype(np.int8)
            rewards = np.array([-2.0, 1.0, 5.0])[responses]
            states = learned.copy() if isinstance(learned, np.ndarray) else learned
            agent.update(states, slates, responses, rewards)
            if reused:
                given: list[NDArray] = [slates, responses, rewards]
                given += [states] if isinstance(states, np.ndarray) else []
                for array in given:
                    array[:] = 0
        shown.append(np.concatenate(slates_shown))
    _require_equal(
        trial, shown, "keeps an array that `update` was given or that `act` returned, and changes when the caller "
        "writes to it later; keep a copy, as in self.last = slates.copy()",
    )  # fmt: skip


def is_not_changed_by_a_look(trial: Trial) -> None:
    """`values`, `propensity` and `marginals` change nothing of what is shown next."""
    agents = [trial.make(), trial.make()]
    learned, _ = (trial.served(agent, 10 * BATCH, BATCH, seed=12)[1] for agent in agents)
    slates = np.tile(np.arange(trial.slate_size), (BATCH, 1))
    for method, given in (("values", (learned,)), ("propensity", (learned, slates)), ("marginals", (learned,))):
        try:
            getattr(agents[0], method)(*given)
        except NotImplementedError:
            continue
    _require_equal(
        trial, (trial.serve(agent, 10 * BATCH, BATCH, seed=13) for agent in agents),
        "shows other slates after it was asked for its values or propensities; these must draw nothing from self.rng, "
        "and learn nothing",
    )  # fmt: skip


def _as_given(trial: Trial, agent: Agent, learned: Any) -> Any:
    """Visits that the agent decides about."""
    return trial.visits(agent, BATCH, seed=10) if agent.sees_visits else learned


def _require_equal(trial: Trial, pair: Iterable[NDArray], sentence: str) -> None:
    one, other = pair
    trial.require(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), sentence)


def _arrays(given: Any) -> list[NDArray]:
    """All arrays of what an agent was given."""
    if isinstance(given, np.ndarray):
        return [given]
    if isinstance(given, SeenVisits):
        return [*list(vars(given).values())[:-1], *given.record._arrays()]
    values = [getattr(given, field.name) for field in fields(given)]
    return [array for array in values if isinstance(array, np.ndarray)]
