"""Carries out the runs of a suite that are not there yet; each seed is kept as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from joblib import delayed

from selflearn_agents.evaluation.progress import Counter, Progress
from selflearn_agents.evaluation.runs import RunSpec
from selflearn_agents.evaluation.workers import side_by_side, workers
from selflearn_agents.evaluation.worlds import StoredShop, World
from selflearn_agents.suite.cells import Cell
from selflearn_agents.suite.measures import MEASURES, Figures
from selflearn_agents.suite.recipes import built_shop
from selflearn_agents.suite.results import CellResult, made_here, stored
from selflearn_env.scratch import scratch_folder


@dataclass
class Outcome:
    """What became of the cells.

    Attributes:
        done: runs that were carried out.
        kept: runs that were there before.
        not_here: name of a cell -> why it cannot be run here: what it needs is not installed.
        failed: name of a cell -> what its first run that failed has raised.
    """

    done: int
    kept: int
    not_here: dict[str, str]
    failed: dict[str, Exception]


Task = tuple[Cell, RunSpec]


def run_cells(
    cells: Sequence[Cell], seeds: Sequence[int] | None = None, jobs: int = 1, progress: bool = True
) -> Outcome:
    """Carries out the runs that are not there yet, seed by seed over all cells, and keeps each in the file of its cell.

    Results of another suite, of an entry that has changed since, or of other code where seeds are still missing, are
    replaced; those of other code that are complete stay.

    Args:
        cells: of a suite; those that are left out are passed over.
        seeds: of the runs; None for those of the suite.
        jobs: runs side by side.
        progress: whether to show a bar.

    Raises:
        OSError: a file cannot be written.
        ValueError: an entry or a log cannot be used.
    """
    outcome = Outcome(0, 0, {}, {})
    results: dict[str, CellResult] = {}
    with scratch_folder() as folder, workers(jobs):
        tasks = sorted(_missing(cells, seeds, folder, results, outcome), key=lambda task: task[1].seed)
        labels, visits = [run.label for _, run in tasks], [run.world.visits for _, run in tasks]
        unknown = [0.0] * len(tasks)  # seconds of a visit, until some have gone
        with Progress(labels, visits, progress, unknown, jobs) as bars:
            calls = [
                delayed(_serve)(number, cell.environment.measure, run, bars.counter(number))
                for number, (cell, run) in enumerate(tasks)
            ]
            for number, found in side_by_side(calls):
                cell, run = tasks[number]
                name = cell.name
                if isinstance(found, ImportError):
                    outcome.not_here.setdefault(name, str(found))
                elif isinstance(found, Exception):  # the others are worth keeping
                    outcome.failed.setdefault(name, found)
                else:
                    there = stored(cell)  # another command may have added seeds in the meantime
                    results[name] = results[name].joined(there).with_seed(run.seed, *found)
                    results[name].save(cell.place)
                    outcome.done += 1
    return outcome


def computed(cell: Cell, seed: int) -> Figures:
    """The figures of one seed of a cell, computed now.

    Raises:
        Exception: what the run has raised.
    """
    with scratch_folder() as folder:
        run = RunSpec(cell.entry.spec(), _world(cell, folder, {}), seed, cell.environment.batch)
        _, found = _serve(0, cell.environment.measure, run, Counter(folder / "nowhere", 0))
    if isinstance(found, Exception):
        raise found
    return found[0]


def _serve(number: int, measure: str, run: RunSpec, served: Counter) -> tuple[int, tuple[Figures, float] | Exception]:
    """The number of a run, and its figures and seconds, or what it has raised."""
    try:
        return number, MEASURES[measure].serve(run, served)
    except Exception as error:
        run.note_where(error)
        return number, error


def _missing(
    cells: Sequence[Cell],
    seeds: Sequence[int] | None,
    folder: Path,
    results: dict[str, CellResult],
    outcome: Outcome,
) -> Iterator[Task]:
    """The runs that are not there; what is there of their cells is put into `results`."""
    worlds: dict[tuple[str, str], World] = {}
    shops: dict[str, StoredShop] = {}
    for cell in cells:
        if cell.left_out is not None:
            continue
        try:
            spec, made = cell.entry.spec(), made_here(cell)
            asked = cell.seeds if seeds is None else seeds
            known = stored(cell)
            if known is not None and (known.made == made or set(asked) <= set(known.figures)):
                results[cell.name] = known
            else:
                results[cell.name] = CellResult(cell.asked(), made)
            left = [seed for seed in asked if seed not in results[cell.name].figures]
            outcome.kept += len(asked) - len(left)
            if not left:
                continue
            where = (cell.environment.name, cell.log.name)
            if where not in worlds:
                worlds[where] = _world(cell, folder, shops)
        except ImportError as error:
            outcome.not_here[cell.name] = str(error)
            continue
        for seed in left:
            yield cell, RunSpec(spec, worlds[where], seed, cell.environment.batch)


def _world(cell: Cell, folder: Path, shops: dict[str, StoredShop]) -> World:
    """The world of a cell, its shop in a file of the folder, and what it finds out of it beside the kept shops.

    Raises:
        ImportError: the log is not installed.
        ValueError: its shop is another one.
    """
    suite, environment, log = cell.suite, cell.environment, cell.log
    suite.shops.mkdir(exist_ok=True)
    if log.name not in shops:
        shops[log.name] = StoredShop.write(built_shop(log.recipe, log.digest, suite.shops), folder)
    options = {**environment.options, "slate_size": suite.slate_size, "shop": shops[log.name]}
    return World(f"{environment.name} on {log.name}", environment.env_id, cell.visits, options, suite.shops)
