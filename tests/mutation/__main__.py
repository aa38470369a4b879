"""How many small faults in the code the tests notice: `make mutants`, after `make coverage`.

Of each file some of its mutants are drawn. Each runs in a process of its own against the tests that run its line, those
that mirror its file first, then the quickest. The table counts them by folder; the list of survivors shows what no test
notices.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from math import ceil, sqrt
from pathlib import Path

import numpy as np

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.running import outcome, preload
from tests.mutation.touching import FIXTURE, TOUCHED

AGENTS = "agents/selflearn_agents"
FAMILIES = (
    "baselines",
    "bandits",
    "contextual",
    "hierarchical",
    "offline",
    "oracles",
    "personal",
    "regulars",
    "sequence",
)
FILES = [f"{AGENTS}/{name}.py" for name in ("agent", "eligible", "optimism")]
PLACES = ["selflearn_env/core", "selflearn_env/shop", *(f"{AGENTS}/{family}" for family in FAMILIES), *FILES]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")


class Tests:
    """Which tests run a line, as `make coverage` has noted it."""

    def __init__(self) -> None:
        noted = json.loads(TOUCHED.read_text(encoding="utf-8"))
        self.seconds = {name: each["seconds"] for name, each in noted["tests"].items() if not each.get("failed")}
        self._fixtures = {name: each["fixtures"] for name, each in noted["tests"].items()}
        self._loops = noted["loops"]
        from coverage import CoverageData  # of the extra for development

        self._data = CoverageData("results/coverage/data")
        self._data.read()

    def of(self, mutant: Mutant, most: float) -> tuple[list[str], list[str]]:
        """Tests that run a mutant, in all `most` seconds of them: all that mirror its file, and others."""
        path, mirror = mutant.path.as_posix(), _mirror(mutant.path)
        lines = self._data.contexts_by_lineno(path)
        names = {name for line in range(mutant.first, mutant.last + 1) for name in lines.get(line, ())} - {""}
        if mutant.always or not names:
            names = {name for told in lines.values() for name in told}.union(self._loops.get(path, ())) - {""}
        used = [name.removeprefix(FIXTURE).split("@") for name in names if name.startswith(FIXTURE)]
        found = {
            test
            for test in self.seconds
            if test.startswith(mirror)  # whatever it runs: what others had made and kept before is not noted
            or test in names
            or any(name in self._fixtures[test] and test.startswith(where) for name, where in used)
        }
        met: Counter[str] = Counter()
        quickest, turn = sorted(found, key=self.seconds.__getitem__), {}
        for test in quickest:  # of each function one, then of each a second one
            function = test.partition("[")[0]
            turn[test] = met[function]
            met[function] += 1
        ordered = sorted(quickest, key=lambda test: (not test.startswith(mirror), turn[test]))
        total = np.cumsum([self.seconds[test] for test in ordered])
        ordered = ordered[: max(1, int(np.searchsorted(total, most)))]
        return [t for t in ordered if t.startswith(mirror)], [t for t in ordered if not t.startswith(mirror)]


def _mirror(path: Path) -> str:
    """How the tests' names begin that mirror a file: its own, or else all of its folder."""
    inner = Path(*path.parts[path.parts.index("selflearn_agents") + 1 :]) if "agents" in path.parts else path
    root = Path("tests/agents") if "agents" in path.parts else Path("tests")
    folder = root / Path(*inner.parent.parts[0 if "agents" in path.parts else 1 :])
    own = folder / f"test_{inner.name}"
    return own.as_posix() if own.exists() else f"{folder.as_posix()}/"


def tried(mutant: Mutant, tests: Tests, most: float) -> tuple[str, str]:
    """The outcome of one mutant, and the test that noticed it."""
    for part in tests.of(mutant, most):
        if part:
            said, test = outcome(mutant, part, sum(tests.seconds[each] for each in part))
            if said != "survived":
                return said, test
    return "survived", ""


def drawn(files: list[Path], share: float, least: int, rng: np.random.Generator) -> list[Mutant]:
    """A share of the mutants of each file, at least some, and none twice."""
    sample = []
    for path in files:
        all_of_it = mutants(path)
        count = min(len(all_of_it), max(least, ceil(share * len(all_of_it))))
        sample += [all_of_it[place] for place in sorted(rng.choice(len(all_of_it), count, replace=False))]
    return sample


def interval(killed: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    share, spread = killed / count, z * sqrt(killed * (count - killed) / count + z * z / 4) / count
    return tuple((share + z * z / 2 / count + sign * spread) / (1 + z * z / count) for sign in (-1, 1))


def table(counts: dict[str, Counter]) -> str:
    """A row for each folder and one for all; the share is of those that are not equivalent."""
    rows = ["| folder | drawn | killed | timeout | equivalent | survived | noticed |", "|---|---|---|---|---|---|---|"]
    for folder, of in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        noticed = of["killed"] + of["timeout"]
        low, high = interval(noticed, max(noticed + of["survived"], 1))
        figures = [of.total(), *(of[said] for said in ("killed", "timeout", "equivalent", "survived"))]
        share = f"{noticed / max(noticed + of['survived'], 1):.0%} ({low:.0%} to {high:.0%})"
        rows.append(f"| {folder} | {' | '.join(map(str, figures))} | {share} |")
    return "\n".join(rows) + "\n"


def lines(path: Path) -> set[str]:
    """The mutants that a file names; what follows ` :: ` is the reason."""
    return {line.split(" :: ")[0] for line in path.read_text(encoding="utf-8").splitlines()}


def main() -> int:
    """Draws, runs, and writes the table and the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", default=PLACES, help="folders or files; all that are judged")
    parser.add_argument("--share", type=float, default=0.02, help="of the mutants of each file")
    parser.add_argument("--least", type=int, default=2, help="mutants of each file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="only those that survived last time")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--most", type=float, default=15.0, help="seconds of tests for a mutant that survives")
    parser.add_argument("--out", type=Path, default=Path("results/mutants"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    survivors, equivalent = options.out / "survivors.txt", lines(EQUIVALENT)
    places = map(Path, options.places)
    files = sorted({file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))})
    if options.again:
        survived = lines(survivors)
        sample = [mutant for file in files for mutant in mutants(file) if str(mutant) in survived]
    else:
        sample = drawn(files, options.share, options.least, np.random.default_rng(options.seed))
    preload()
    tests, counts, noticed = Tests(), defaultdict(Counter), set()

    def judged(mutant: Mutant) -> tuple[str, str]:
        return ("equivalent", "") if str(mutant) in equivalent else tried(mutant, tests, options.most)

    with survivors.open("w", encoding="utf-8") as file, ThreadPoolExecutor(options.jobs) as pool:
        for mutant, (said, test) in zip(sample, pool.map(judged, sample), strict=True):
            counts[mutant.path.parent.as_posix()][said] += 1
            noticed |= {test} - {""}
            print(f"{said:10} {mutant}{f'  ({test})' if test else ''}", flush=True)
            if said == "survived":
                print(mutant, file=file, flush=True)
    (options.out / "table.md").write_text(table(counts), encoding="utf-8")
    print(table(counts), end="")
    said, test = outcome(None, sorted(noticed), sum(map(tests.seconds.__getitem__, noticed)))
    if said != "survived":
        print(f"a test fails though nothing is changed ({said}): {test}; mend it, and run this again", file=sys.stderr)
    return int(said != "survived")


if __name__ == "__main__":
    sys.exit(main())
