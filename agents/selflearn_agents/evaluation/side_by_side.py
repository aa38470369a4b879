"""Runs side by side, and kept, so that a comparison that was stopped goes on."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from joblib import Parallel, delayed, parallel_config

from selflearn_agents.evaluation.cells import Cell
from selflearn_agents.evaluation.progress import Counter, Progress
from selflearn_agents.evaluation.result import EvaluationResult


def run_cells(
    cells: Sequence[Cell], jobs: int, backend: str, keep: Path | None, progress: bool
) -> list[EvaluationResult]:
    """The results of all cells, in their order; those that are kept are read.

    Args:
        cells: what to run.
        jobs: how many run side by side.
        backend: of joblib: "loky" (processes on this machine), "ray" or "dask" (their cluster, if it is set up).
        keep: folder of finished runs, or None. Each run is written there as soon as it is done.
        progress: whether to show bars.

    Raises:
        Exception: what the first run that failed has raised, with a note that says which; the others are done then.
        ImportError: the library of the backend is not installed.
        OSError: a run cannot be written.
    """
    results: dict[int, EvaluationResult] = {}
    places = [keep / cell.file if keep else None for cell in cells]
    for number, place in enumerate(places):
        if place and place.is_file():
            try:
                results[number] = EvaluationResult.load(place)
            except ValueError:  # a broken one is run again
                place.unlink()
    left = [number for number in range(len(cells)) if number not in results]
    took: dict[int, float] = {}  # seconds of the runs that are over
    if progress and len(left) < len(cells):
        print(f"{len(cells) - len(left)} of {len(cells)} runs are kept from before in {keep}")
    with TemporaryDirectory() as folder, _workers(jobs, backend):
        given = {number: _handed_over(cells[number], jobs, backend, Path(folder)) for number in left}
        _check_agents(list(given.values()), backend)
        with Progress([cells[at].label for at in left], [cells[at].world.customers for at in left], progress) as bars:
            counters = {number: bars.counter(at) for at, number in enumerate(left)}
            tasks = (
                delayed(_run)(number, given[number], places[number], counters[number])
                for number in (left if jobs == 1 else _longest_first(given, took))
            )
            failed: dict[int, Exception] = {}
            for number, result in _side_by_side(tasks, backend):
                if isinstance(result, Exception):  # the others are worth keeping
                    failed[number], took[number] = result, 0.0
                    continue
                results[number], took[number] = result, result.seconds
                place = places[number]
                if place and not place.is_file():  # it ran on a machine that does not see this folder
                    result.save(place)
    if failed:
        raise failed[min(failed)]
    return [results[number] for number in range(len(cells))]


def _handed_over(cell: Cell, jobs: int, backend: str, folder: Path) -> Cell:
    """The cell as it is handed to the process that runs it."""
    return replace(cell, world=cell.world.stored(folder)) if backend == "loky" and jobs != 1 else cell


def _check_agents(cells: Sequence[Cell], backend: str) -> None:
    """Makes each agent once: one that cannot be made is refused before the others have served anybody.

    Raises:
        Exception: what making the first of them has raised.
    """
    firsts = list({cell.spec.text: cell for cell in reversed(cells)}.values())[::-1]
    tasks = (delayed(_refusal)(number, cell) for number, cell in enumerate(firsts))
    refused = {number: error for number, error in _side_by_side(tasks, backend) if error}
    if refused:
        raise refused[min(refused)]


def _refusal(number: int, cell: Cell) -> tuple[int, Exception | None]:
    try:
        cell.agent()
    except Exception as error:
        return number, error
    return number, None


def _longest_first(cells: Mapping[int, Cell], took: Mapping[int, float]) -> Iterator[int]:
    """The cells' numbers: one of each agent and world, then those of the slowest that are known by then.

    A job that begins a long run when there is nothing left for the others would keep them waiting.
    """
    alike: dict[tuple[str, str], list[int]] = {}
    for number, cell in cells.items():
        alike.setdefault((cell.spec.text, cell.world.name), []).append(number)
    firsts = {key: numbers.pop(0) for key, numbers in alike.items()}
    yield from firsts.values()

    def seconds(key: tuple[str, str]) -> float:
        """Of the first run; one that still goes on is a long one."""
        return took.get(firsts[key], math.inf)

    for _ in range(sum(map(len, alike.values()))):
        yield alike[max((key for key, numbers in alike.items() if numbers), key=seconds)].pop(0)


def _run(number: int, cell: Cell, place: Path | None, served: Counter) -> tuple[int, EvaluationResult | Exception]:
    try:
        result = cell.run(served)
        if place and place.parent.is_dir():
            result.save(place)
        return number, result
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        error.add_note(f"in the run of {cell.label} ({where.filename}, line {where.lineno})")
        return number, error


@contextmanager
def _workers(jobs: int, backend: str) -> Iterator[None]:
    """Where `_side_by_side` finds its processes."""
    if backend == "ray":
        from ray.util.joblib import register_ray  # the extra of a cluster's user

        register_ray()
    cluster: AbstractContextManager = nullcontext()
    if backend == "dask":
        from distributed import Client

        cluster = Client()  # that of the configuration, or one on this machine
    with cluster, parallel_config(backend=backend, n_jobs=jobs):
        yield


def _side_by_side(tasks: Iterable[Any], backend: str) -> Iterator[tuple[int, Any]]:
    """The results, each as soon as it is there where the backend can."""
    # Arrays go through the pipe: joblib's files for large ones are waited for at the end, a second long.
    return_as = "list" if backend == "ray" else "generator_unordered"
    yield from Parallel(return_as=return_as, batch_size=1, max_nbytes=None)(tasks)
