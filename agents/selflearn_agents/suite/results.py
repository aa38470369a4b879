"""The file of a cell: the figures of each seed, to the last bit, and what made them."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from selflearn_agents.commands.output import versions, write_text
from selflearn_agents.evaluation.fingerprints import agents_code, described, environment_code
from selflearn_agents.suite.cells import Cell
from selflearn_agents.suite.measures import Figures

LIBRARIES = ("mabwiser", "stable-baselines3", "torch")  # of extras, on which figures depend
SHORT = 16  # digits of a digest


def made_here(cell: Cell) -> dict[str, Any]:
    """What figures that are computed now are made by: code, versions and machine. JSON.

    Raises:
        ImportError, ValueError: the agent is not to be had.
    """
    code = {"selflearn_env": environment_code()[0][:SHORT], "selflearn_agents": agents_code()[:SHORT]}
    if cell.entry.repository:
        code["agent"] = described(cell.entry.spec().agent_class)[0][-1][:SHORT]
    installed = versions()
    if cell.entry.spec().agent_class.extra is not None:
        installed |= {name: version(name) for name in LIBRARIES if find_spec(name.replace("-", "_"))}
    machine = f"{platform.machine()} {platform.system()}, Python {platform.python_version()}"
    return {"code": code, "versions": installed, "machine": machine}


@dataclass(frozen=True)
class CellResult:
    """What a cell gave.

    Attributes:
        asked: what was computed, as `Cell.asked` says.
        made: what made it, as `made_here` says.
        figures: seed -> figures, by name; numbers are kept to the last bit.
        seconds: seed -> processor seconds of the run, making the agent included, on the machine that computed it.
    """

    asked: Mapping[str, Any]
    made: Mapping[str, Any]
    figures: Mapping[int, Figures] = field(default_factory=dict)
    seconds: Mapping[int, float] = field(default_factory=dict)

    def with_seed(self, seed: int, figures: Figures, seconds: float) -> Self:
        """With the figures of one more seed."""
        return replace(self, figures={**self.figures, seed: figures}, seconds={**self.seconds, seed: round(seconds, 2)})

    def joined(self, other: Self | None) -> Self:
        """With the seeds of another one, where that was made by the same."""
        if other is None or other.made != self.made:
            return self
        return replace(self, figures={**other.figures, **self.figures}, seconds={**other.seconds, **self.seconds})

    def save(self, path: Path) -> None:
        """Writes the file, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"asked": self.asked, "made": self.made}
        head = json.dumps(content, indent=1, allow_nan=False)[:-2]  # without the last brace
        lines = [
            "  " + json.dumps({"seed": seed, "seconds": self.seconds[seed], "figures": self.figures[seed]})
            for seed in sorted(self.figures)
        ]
        write_text(path, f'{head},\n "runs": [\n' + ",\n".join(lines) + "\n ]\n}\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is broken.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            runs = content["runs"]
            return cls(
                content["asked"],
                content["made"],
                {int(run["seed"]): dict(run["figures"]) for run in runs},
                {int(run["seed"]): float(run["seconds"]) for run in runs},
            )
        except FileNotFoundError:
            raise FileNotFoundError(f"{path}: there is no such file; `selflearn bench run` makes it") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: broken results ({type(error).__name__}: {error})") from None


def stored(cell: Cell) -> CellResult | None:
    """The results of a cell that are kept, or None where there are none of what is asked now.

    Raises:
        ValueError: the file is broken.
    """
    if not cell.place.is_file():
        return None
    result = CellResult.load(cell.place)
    return result if result.asked == cell.asked() else None
