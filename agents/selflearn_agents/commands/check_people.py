"""Compares the persons' model with visits that were not fitted, and simulated visits with those of the log."""

from __future__ import annotations

import argparse
import time

import numpy as np

from selflearn_agents.commands.arguments import add_out_argument, add_shop_argument, seed, shop_of
from selflearn_agents.commands.output import folder, manifest, write_text
from selflearn_agents.evaluation.markdown import number, table
from selflearn_env.shop.people.fit import Choice, fit_people
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_shop_argument(parser)
    parser.add_argument("--seed", type=seed, default=0, help="of the groups of customers and of all that is drawn")
    parser.add_argument("--refit", action="store_true", help="fit a simulated log again, to see what is identified")
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Compares, writes."""
    out = folder(options.out)
    shop = shop_of(options)

    def rng() -> np.random.Generator:
        return np.random.default_rng(options.seed)  # each part has its own: none depends on which others are made

    journal = Journal.from_population(shop.customers, shop.states)
    began = time.process_time()
    people = fit_people(journal, rng())
    seconds = time.process_time() - began
    compared = [check(journal, rng()) for check in (other_customers, last_months)]
    days = journal.by_day()
    people_by_day = fit_people(days, rng())
    drawn = simulated(days, people_by_day, rng())
    newcomers = simulated(days, people_by_day, rng(), newcomers=True)
    sections = [
        _choice_text(people.choice),
        *map(_check_text, compared),
        _habits_text({"log": days, "simulated": drawn, "simulated, new persons": newcomers}),
    ]
    if options.refit:
        sections += [
            f"## Fitted to {name}\n\n{_gains_text(gains(other_customers(source, rng())))}"
            for name, source in (("the log's days", days), ("the simulated log", drawn))
        ]
    text = "\n".join(sections)
    found = figures(compared, drawn)
    write_text(out / "people.md", text)
    write_text(
        out / "manifest.json", manifest(options, shop_digest=shop.digest, figures=found, fitted_in_cpu_seconds=seconds)
    )
    print(text)
    for name in ("people.md", "manifest.json"):
        print(out / name)


def _choice_text(choice: Choice) -> str:
    present, repeat = "not followed", "not followed"
    if choice.present is not None:
        present = (
            f"a purchase counts half after {choice.present.half_life:g} days, the month counts as "
            f"{choice.present.weight:g} purchases of each product"
        )
    if choice.repeat.happens:
        repeat = (
            f"{100 * choice.repeat.cap:.0f} % of a visit's products at most (mean over the customers), half of that "
            f"after {choice.repeat.kappa:.1f} visits; a purchase counts half after {choice.repeat.half_life:g} days"
        )
    return (
        "# The persons' model beside the log\n\nChosen by how well it foresees customers who were not fitted; in "
        "brackets, what it gains on them in nats per visit:\n\n"
        f"- present ({choice.present_gain:+.2f}): {present}\n"
        f"- taste ({choice.taste_gain:+.2f}): {choice.topics} topic{'s' if choice.topics > 1 else ''}\n"
        f"- record ({choice.repeat_gain:+.2f}): {repeat}\n"
    )


def _check_text(check: Check) -> str:
    rows = [
        [
            hit.slate.replace("_", " "),
            f"{number(hit.found, 2)} ± {number(hit.error, 2)}",
            *(number(value, 2) for value in (hit.foreseen, hit.new, hit.new_foreseen)),
        ]
        for hit in hits(check)
    ]
    head = ["ten shown", "in the basket", "foreseen", "never bought before", "foreseen"]
    return f"## {check.name[0].upper()}{check.name[1:]}\n\n{_gains_text(gains(check))}\n{table(head, rows)}"


def _gains_text(found: list[Gain]) -> str:
    rows = [
        [
            gain.step.replace("_", " "),
            f"{number(gain.level, 2)} ± {number(gain.error, 2)}",
            f"{gain.gain:+.2f} ± {number(gain.gain_error, 2)}",
        ]
        for gain in found
    ]
    return table(["step", "nats per visit", "above the step before"], rows)


def _habits_text(journals: dict[str, Journal]) -> str:
    found = [habits(journal) for journal in journals.values()]
    rows = [[name.replace("_", " "), *(_habit_text(getattr(each, name)) for each in found)] for name in Habits._fields]
    return (
        "## Visits of the log and simulated ones\n\nAll that a customer buys on one day is one visit. Shares in "
        "percent, baskets and customers in products; quantiles: 10, 50,\n90, 99 %.\n\n" + table(["", *journals], rows)
    )


def _habit_text(value: float | tuple[float, ...]) -> str:
    return ", ".join(number(part, 0) for part in value) if isinstance(value, tuple) else number(value, 1)
