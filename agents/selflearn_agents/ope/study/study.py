"""The study: truths, then logs, some at a time, side by side; each piece is kept as soon as it is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import delayed
from tqdm import tqdm

from selflearn_agents.evaluation.workers import side_by_side, workers
from selflearn_agents.ope.study import judging
from selflearn_agents.ope.study.cells import rows_of
from selflearn_agents.ope.study.design import Catalogue, Design, Piece, world_of
from selflearn_agents.ope.study.judging import Judged
from selflearn_agents.ope.study.truth import Truth, truth_of
from selflearn_env.archive import write_atomically


def run_study(design: Design, jobs: int = 1, progress: bool = True) -> pd.DataFrame:
    """Carries out what is not kept yet; a row for each catalogue, cell, target and estimator, as `rows_of` has them.

    Args:
        design: what to judge.
        jobs: how many pieces go on side by side; the figures do not depend on it, but for the seconds.
        progress: whether to show a bar.

    Raises:
        OSError: a piece cannot be written.
    """
    rows = []
    for catalogue in design.catalogues:
        names = (*design.logging, *design.targets)
        places = [_place_of_truth(design, catalogue, name) for name in names]
        tasks = [partial(_work_out, design, catalogue, name) for name in names]
        _all_done(tasks, [1] * len(names), f"{catalogue.name} products, policies", jobs, progress)
        truths: dict[str, Any] = {name: _kept_truth(place) for name, place in zip(names, places, strict=True)}
        pieces = design.pieces(catalogue)
        left = [piece for piece in pieces if not _is_kept(piece)]
        sizes = [piece.cell.visits * (piece.last - piece.first) for piece in left]
        tasks = [partial(judging.carry_out, piece) for piece in left]
        _all_done(tasks, sizes, f"{catalogue.name} products, visits", jobs, progress)
        for cell in design.cells(catalogue):
            some = [judging.kept(piece) for piece in pieces if piece.cell == cell]
            judged = Judged(np.concatenate([each.figures for each in some]), some[0].seconds)
            rows += rows_of(cell, design.targets, design.estimators, judged, truths)
    return pd.DataFrame(rows)


def _all_done(tasks: Sequence[Callable[[], None]], sizes: Sequence[int], what: str, jobs: int, progress: bool) -> None:
    """Carries out tasks, each the longer the greater its size."""
    with tqdm(total=sum(sizes), desc=what, unit="", unit_scale=True, disable=not progress or not tasks) as bar:
        calls = (delayed(_numbered)(number, task) for number, task in enumerate(tasks))
        with workers(jobs):
            for number in side_by_side(calls):
                bar.update(sizes[number])


def _numbered(number: int, task: Callable[[], None]) -> int:
    task()
    return number


def _is_kept(piece: Piece) -> bool:
    """Whether a piece is done; a broken file is removed."""
    try:
        judging.kept(piece)
    except FileNotFoundError:
        return False
    except ValueError:
        piece.place.unlink()
        return False
    return True


def _place_of_truth(design: Design, catalogue: Catalogue, name: str) -> Path:
    key = design.key(catalogue, design.customers, design.logging, name)
    return design.folder / f"truth-{catalogue.name.replace(' ', '-')}-{name}-{key}.json"


def _work_out(design: Design, catalogue: Catalogue, name: str) -> None:
    """Writes the truth of a policy, if it is not there."""
    place = _place_of_truth(design, catalogue, name)
    if _kept_truth(place) is None:
        world = world_of(catalogue, design.folder, design.key(catalogue))
        simulators = {customer: world.simulator(customer) for customer in design.customers}
        logging = {own: world.policy(own) for own in design.logging if own != name}
        rng = np.random.default_rng([design.seed, len(name), *name.encode()])
        truth = truth_of(world.policy(name), simulators, logging, rng)
        with write_atomically(place) as file:
            file.write(json.dumps(truth._asdict()).encode())


def _kept_truth(place: Path) -> Truth | None:
    """The truth in a file, or None where there is none, or a broken one."""
    try:
        return Truth(**json.loads(place.read_text()))
    except (FileNotFoundError, TypeError, ValueError):
        return None
