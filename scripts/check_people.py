"""Compares the persons' model with visits that were not fitted, and simulated visits with those of the log."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from command_line import folder, manifest, place, run, seed, write_text

from selflearn_env import Shop
from selflearn_env.datasets import retail_shop
from selflearn_env.shop.people.fit import fit_people
from selflearn_env.shop.people.journal import Journal
from selflearn_env.shop.validation.people import (
    Check,
    Gain,
    Habits,
    figures,
    gains,
    habits,
    hits,
    last_months,
    other_customers,
    simulated,
)


def main() -> None:
    """Reads the arguments, compares, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--shop", type=Path, help="a shop from build_shop.py; by default the embedded log's")
    parser.add_argument("--seed", type=seed, default=0, help="of the groups of customers and of all that is drawn")
    parser.add_argument("--refit", action="store_true", help="fit a simulated log again, to see what is identified")
    parser.add_argument("--out", type=place, required=True, help="folder to write to")
    options = parser.parse_args()

    out = folder(options.out)
    shop = retail_shop() if options.shop is None else Shop.load(options.shop)
    journal = Journal.from_population(shop.customers, shop.states)
    began = time.process_time()
    people = fit_people(journal, np.random.default_rng(options.seed))
    seconds = time.process_time() - began
    sections = [f"# The persons' model beside the log\n\nFitted in {seconds:.1f} CPU seconds: {people.choice}\n"]
    compared = [check(journal, np.random.default_rng(options.seed)) for check in (other_customers, last_months)]
    sections += [_check_text(check) for check in compared]
    days = journal.by_day()
    people = fit_people(days, np.random.default_rng(options.seed))
    drawn = simulated(days, people, np.random.default_rng(options.seed))
    newcomers = simulated(days, people, np.random.default_rng(options.seed), newcomers=True)
    sections.append(_habits_text({"log": days, "simulated": drawn, "simulated, new persons": newcomers}))
    if options.refit:
        for name, source in (("the log's days", days), ("the simulated log", drawn)):
            found = gains(other_customers(source, np.random.default_rng(options.seed)))
            sections.append(f"## Fitted to {name}\n\n" + _gains_text(found))
    text = "\n".join(sections)
    write_text(out / "people.md", text)
    write_text(out / "figures.json", json.dumps(figures(compared, drawn), indent=2))
    write_text(out / "manifest.json", manifest(options, shop_digest=shop.digest))
    print(text)


def _check_text(check: Check) -> str:
    rows = [
        f"| {hit.slate} | {hit.found:.2f} ± {hit.error:.2f} | {hit.foreseen:.2f} "
        f"| {hit.new:.2f} | {hit.new_foreseen:.2f} |"
        for hit in hits(check)
    ]
    head = "| ten shown | in the basket | foreseen | never bought before | foreseen |\n|---|---|---|---|---|\n"
    return f"## {check.name}\n\n{_gains_text(gains(check))}\n{head}" + "\n".join(rows) + "\n"


def _gains_text(found: list[Gain]) -> str:
    rows = [
        f"| {gain.step} | {gain.level:.2f} ± {gain.error:.2f} | {gain.gain:+.2f} ± {gain.gain_error:.2f} |"
        for gain in found
    ]
    return "| step | nats per visit | above the step before |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _habits_text(journals: dict[str, Journal]) -> str:
    found = [habits(journal) for journal in journals.values()]
    rows = []
    for at, name in enumerate(Habits._fields):
        cells = [of[at] for of in found]
        texts = [
            ", ".join(f"{part:.0f}" for part in cell) if isinstance(cell, tuple) else f"{cell:.1f}" for cell in cells
        ]
        rows.append(f"| {name} | " + " | ".join(texts) + " |")
    head = "| | " + " | ".join(journals) + " |\n|---|" + "---|" * len(journals) + "\n"
    return "## Visits of the log and simulated ones, one per customer and day\n\n" + head + "\n".join(rows) + "\n"


if __name__ == "__main__":
    run(main)
