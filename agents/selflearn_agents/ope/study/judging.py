"""Logs are drawn, targets are judged by them, and what the estimators say is kept."""

from __future__ import annotations

import math
from dataclasses import fields
from time import perf_counter
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.diagnosis import Diagnosis
from selflearn_agents.ope.offline import Estimate, evaluate_offline
from selflearn_agents.ope.study.design import Piece, world_of
from selflearn_env.archive import read_archive, write_archive
from selflearn_env.core.simulator import Simulator
from selflearn_env.declared import numbers

FORMAT, VERSION = "selflearn-ope-study", 1
OF_ESTIMATE = tuple(each.name for each in fields(Estimate) if each.name not in ("estimator", "diagnosis"))
OF_DIAGNOSIS = tuple(name for name in Diagnosis._fields if name != "verdict")
FIGURES = (*OF_ESTIMATE, *OF_DIAGNOSIS, "warned")


class Judged(NamedTuple):
    """What estimators said of L logs, T targets and E estimators.

    Attributes:
        figures: (L, T, E, F) by log; the last axis as `FIGURES`.
        seconds: (T, E) what each estimator took by itself for the first log of a cell; nan for the others.
    """

    figures: NDArray[np.float64]
    seconds: NDArray[np.float64]


def carry_out(piece: Piece) -> None:
    """Judges the logs of a piece and writes its file, if it is not there.

    Raises:
        OSError: it cannot be written.
    """
    if not piece.place.is_file():
        judged = judge(piece)
        write_archive(piece.place, {"format": FORMAT, "version": VERSION}, judged._asdict())


def kept(piece: Piece) -> Judged:
    """What the file of a piece holds.

    Raises:
        ValueError: it is broken.
    """
    design = piece.design
    shape = len(design.targets), len(design.estimators)
    arrays = {
        "figures": numbers(piece.last - piece.first, *shape, len(FIGURES), gaps=True, infinite=True),
        "seconds": numbers(*shape, least=0.0, gaps=True),
    }
    return Judged(**read_archive(piece.place, FORMAT, VERSION, lambda *_: (dict(arrays), {}))[1])


def judge(piece: Piece) -> Judged:
    """Draws the logs of a piece, each from a seed of its own, and judges all targets by each."""
    design, cell = piece.design, piece.cell
    world = world_of(piece.catalogue, design.folder, design.key(piece.catalogue))
    logging, simulator = world.policy(cell.logging), world.simulator(cell.customer)
    targets = [world.policy(name) for name in design.targets]
    shape = (len(targets), len(design.estimators))
    figures, seconds = np.empty((piece.last - piece.first, *shape, len(FIGURES))), np.full(shape, math.nan)
    for number in range(piece.first, piece.last):
        texts = "/".join(map(str, cell))
        rng = np.random.default_rng([design.seed, crc32(texts.encode()), number])
        log = draw(simulator, logging, cell.visits, rng, cell.logging)
        for at, target in enumerate(targets):
            result = evaluate_offline(
                log, target, design.estimators, logging_policy=logging, seed=number, resamples=design.resamples
            )
            figures[number - piece.first, at] = [_figures(each) for each in result.estimates]
        if number == 0:
            seconds[:] = [[_seconds(log, target, name, logging) for name in design.estimators] for target in targets]
    return Judged(figures, seconds)


def draw(simulator: Simulator, policy: Agent, visits: int, rng: np.random.Generator, name: str) -> VisitLog:
    """A log of visits, each of a customer of its own, with propensities and marginals."""
    of_visits, policy.rng = rng.spawn(2)
    run = simulator.begin(of_visits)
    met = simulator.start(visits, run)
    slates = policy.act(met.state)
    outcome = simulator.respond(met, slates, run)
    states, at = np.unique(met.state, return_inverse=True)
    return VisitLog(
        agent=name,
        env_id="selflearn/Retail-v0",
        seed=0,
        observation=met.state,
        state=met.state,
        slate=slates,
        response=outcome.response,
        item_reward=outcome.item_reward,
        propensity=policy.propensity(met.state, slates),
        marginal=policy.marginals(states)[at[:, None], np.arange(slates.shape[1]), slates],
        terminated=np.ones(visits, dtype=bool),
        truncated=np.zeros(visits, dtype=bool),
        last_observation=met.state,
        last_state=met.state,
    )


def _figures(estimate: Estimate) -> list[float]:
    own = [getattr(estimate, name) for name in OF_ESTIMATE] + [
        getattr(estimate.diagnosis, name) for name in OF_DIAGNOSIS
    ]
    return [*own, float(estimate.diagnosis.warns)]


def _seconds(log: VisitLog, target: Agent, name: str, logging: Agent) -> float:
    """What one estimator takes when nothing is worked out before, without the bootstrap."""
    begin = perf_counter()
    evaluate_offline(log, target, [name], logging_policy=logging, resamples=0)
    return perf_counter() - begin
