"""A row of the table again: computed anew, and compared bit for bit with what is stored."""

from __future__ import annotations

import json

from selflearn_agents.suite.cells import Cell
from selflearn_agents.suite.results import CellResult, made_here
from selflearn_agents.suite.running import computed


def verified(cell: Cell, seed: int) -> int:
    """Computes one seed of a cell again.

    Returns:
        How many figures were compared; all are the same.

    Raises:
        FileNotFoundError: there are no results.
        ValueError: a figure differs, or the results are of something else than what is asked now.
    """
    result = CellResult.load(cell.place)
    if result.asked != cell.asked():
        changed = sorted(name for name, value in cell.asked().items() if result.asked.get(name) != value)
        raise ValueError(f"{cell.place}: made before {', '.join(changed)} changed; run the cell again")
    if seed not in result.figures:
        raise ValueError(f"{cell.place}: there is no seed {seed}; there are {', '.join(map(str, result.figures))}")
    own, now = result.figures[seed], computed(cell, seed)
    for name in dict.fromkeys([*own, *now]):
        there, here = (json.dumps(figures[name]) if name in figures else "missing" for figures in (own, now))
        if there != here:  # as texts, by which 0.0 is not -0.0
            raise ValueError(
                f"{cell.place}: seed {seed}: {name} is {there} there and {here} here; {_otherwise(result, cell)}"
            )
    return len(own)


def _otherwise(result: CellResult, cell: Cell) -> str:
    """What is not the same here as where the results were made."""
    here = made_here(cell)
    pairs = [(part, name) for part in ("code", "versions") for name in here[part]]
    changed = [
        f"{name} {result.made[part].get(name)}, here {here[part][name]}"
        for part, name in pairs
        if result.made[part].get(name) != here[part][name]
    ]
    if result.made["machine"] != here["machine"]:
        changed.append(f"{result.made['machine']}, here {here['machine']}")
    return f"made with {'; '.join(changed)}" if changed else "code, versions and machine are the same"
