"""Carries out runs side by side, and keeps each on disk, so that a comparison that was stopped can go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from joblib import delayed

from selflearn_agents.evaluation.plan import Plan
from selflearn_agents.evaluation.progress import Counter, Progress
from selflearn_agents.evaluation.result import EvaluationResult
from selflearn_agents.evaluation.runs import RunSpec
from selflearn_agents.evaluation.workers import side_by_side, workers
from selflearn_env.archive import check_target
from selflearn_env.scratch import scratch_folder


def carry_out(plan: Plan) -> list[EvaluationResult]:
    """The results of all runs of a complete plan, in their order; those that are kept are read, the others written.

    Raises:
        Exception: what the first run that failed has raised, with a note that says which; the other runs are finished
            and kept first.
        ChildProcessError: a process was killed from outside, such as by the system where memory is short.
        ImportError: the library of the backend is not installed.
        OSError: a run cannot be written.
    """
    runs = plan.runs()
    places = [Path(plan.keep) / run.file if plan.keep else None for run in runs]
    results = {number: kept for number, place in enumerate(places) if place and (kept := _kept(runs[number], place))}
    if plan.progress and results:
        print(f"{len(results)} of {len(runs)} runs are kept from before in {plan.keep}")
    failed: dict[int, Exception] = {}
    with scratch_folder() as folder, workers(plan.jobs, plan.backend):
        left = {number: _handed_over(run, plan, folder) for number, run in enumerate(runs) if number not in results}
        order, seconds = _order(left, plan)
        labels, visits = [runs[number].label for number in order], [runs[number].world.visits for number in order]
        with Progress(labels, visits, plan.progress, seconds, plan.jobs) as bars:
            tasks = [
                delayed(_serve)(number, left[number], places[number], bars.counter(at))
                for at, number in enumerate(order)
            ]
            try:
                for number, result in side_by_side(tasks, plan.backend):
                    if isinstance(result, Exception):  # the others are worth keeping
                        failed[number] = result
                        continue
                    results[number] = result
                    place = places[number]
                    if place and not place.is_file():  # it ran on a machine that does not see this folder
                        result.save(place)
            except ChildProcessError as error:
                if under_way := bars.under_way():
                    error.add_note(f"(then under way: {'; '.join(under_way)})")
                raise
    if failed:
        raise failed[min(failed)]
    return [results[number] for number in range(len(runs))]


def _kept(run: RunSpec, place: Path) -> EvaluationResult | None:
    """The run in its file, or None where there is none; a broken file, or one of another run, is removed."""
    if not place.is_file():
        check_target(place)
        return None
    try:
        found = EvaluationResult.load(place)
    except ValueError:
        found = None
    if found is None or not run.has_made(found):
        place.unlink()
        return None
    return found


def _handed_over(run: RunSpec, plan: Plan, folder: Path) -> RunSpec:
    """The run as it is handed to the process that serves it."""
    if plan.jobs == 1 or plan.backend != "loky":
        return run
    # What processes compute about the world they share in a folder: beside the kept runs, or a temporary one.
    return replace(run, world=replace(run.world.stored(folder), folder=run.world.folder or folder))


def _order(runs: Mapping[int, RunSpec], plan: Plan) -> tuple[list[int], list[float]]:
    """The numbers of the runs as they are begun, and the seconds of a visit in each.

    Each agent is made once before: one that cannot be made is refused before the others have served anybody. Where
    runs go on side by side, or bars are shown, it also serves a few visits, by which the length of its runs is known.
    Side by side the longest come first: at the end, nobody waits for a long one.

    Raises:
        Exception: what making the first agent that cannot be made has raised.
    """
    firsts: dict[str, RunSpec] = {}
    for run in runs.values():
        firsts.setdefault(run.agent.text, run)
    found = dict(
        side_by_side([delayed(_try)(run, plan.jobs > 1 or plan.progress) for run in firsts.values()], plan.backend)
    )
    for text in firsts:
        if isinstance(found[text], Exception):
            raise found[text]
    seconds = {number: float(found[run.agent.text] or 0.0) for number, run in runs.items()}
    order = list(runs)
    if plan.jobs > 1:
        order.sort(key=lambda number: -seconds[number] * runs[number].world.visits)
    return order, [seconds[number] for number in order]


def _try(run: RunSpec, timed: bool) -> tuple[str, Any]:
    """An agent's name, and the seconds of a visit, if they are asked for, or the exception that making it raises."""
    try:
        if timed:
            return run.agent.text, run.seconds_of_a_visit()
        run.make_agent()
        return run.agent.text, None
    except Exception as error:
        return run.agent.text, error


def _serve(number: int, run: RunSpec, place: Path | None, served: Counter) -> tuple[int, EvaluationResult | Exception]:
    try:
        result = run.serve(served)
    except Exception as error:
        run.note_where(error)
        return number, error
    if place and place.parent.is_dir():
        result.save(place)  # an error here is not the run's: the other runs could not be written either
    return number, result
