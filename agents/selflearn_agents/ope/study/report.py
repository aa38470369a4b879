"""The study in words and tables."""

from __future__ import annotations

import pandas as pd

from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.ope.study.summary import HIGH, LOW, blind_spots, counted

BY = ["catalogue", "customer", "logging", "target"]


def report(cells: pd.DataFrame) -> str:
    """The summary of all catalogues together and of each, and what the policies are worth."""
    parts = [
        "# How good the estimators are\n\n"
        "Each cell is a catalogue, a customer model, a logging policy, a target and a size of the log; its figures are "
        "over independent logs, against the exact truth.\n"
    ]
    catalogues = list(dict.fromkeys(cells["catalogue"]))
    parts.append(f"## All catalogues\n\n{_summary(cells)}")
    if len(catalogues) > 1:
        parts += [f"## {name} products\n\n{_summary(cells[cells['catalogue'] == name])}" for name in catalogues]
    parts.append(f"## Where intervals fail and few logs warn\n\n{_blind_spots(cells)}")
    parts.append(f"## Policies\n\n{_policies(cells)}")
    parts.append(f"## Estimators\n\n{_estimators(cells)}")
    return "\n".join(parts)


def details(cells: pd.DataFrame) -> str:
    """A table for each catalogue, customer model, logging policy and target: estimators down, sizes across."""
    parts = ["# Every cell\n"]
    for names, some in cells.groupby(BY, sort=False):
        catalogue, customer, logging, target = names
        visits = sorted(set(some["visits"]))
        head = [
            "estimator",
            *(f"{what}, {size:,}" for size in visits for what in ("bias", "RMSE", "coverage", "warned")),
        ]
        rows = []
        for estimator, own in some.groupby("estimator", sort=False):
            row = [str(estimator)]
            for _, each in own.sort_values("visits").iterrows():
                row += [number(each["bias"], 4), number(each["rmse"], 4), number(each["coverage"], 3)]
                row += [number(each["warned"], 2)]
            rows.append(row)
        first = some.iloc[0]
        parts.append(
            f"## {catalogue} products, {customer} customers, {logging} judges {target}\n\n"
            f"The target earns {first['truth']:.4f}, {first['difference']:+.4f} beside the logging policy. The log is "
            f"worth {first['effective']:.2g} of its visits, and supports {first['support']:.1%} of the slates.\n\n"
            f"{table(head, rows)}"
        )
    return "\n".join(parts)


def _summary(cells: pd.DataFrame) -> str:
    rows = []
    for name, each in counted(cells).iterrows():
        row = [str(name), f"{each['right']:.0f}", f"{each['covered']:.0f}", f"{each['covered_by_chance']:.0f}"]
        row += [number(each["least_coverage"], 3), f"{each['failing']:.0f}", f"{each['failing_for_sure']:.0f}"]
        row += [f"{each['warned_mostly']:.0f}", f"{each['warned_nearly_always']:.0f}"]
        rows.append([*row, f"{each['fine']:.0f}", number(each["false_alarms"], 2)])
    head = ["estimator", "right", f"{LOW} to {HIGH}", "or by chance", "least", "failing", "for sure"]
    head += ["half warn", "95 % warn", "fine", "false alarms"]
    note = (
        "Numbers of cells. Right: the assumption holds, the log supports the target, and most logs do not warn; of "
        f"these, how many have a coverage from {LOW} to {HIGH}, how many have or may have but for two Monte Carlo "
        f"errors, and the least coverage. Failing: coverage below {LOW} in any cell, and those for sure by two errors; "
        "of the latter, in how many at least half, and 95 %, of the logs warn. Fine: all others; false alarms are the "
        "share of logs that warn in them.\n"
    )
    return f"{table(head, rows)}\n{note}"


def _blind_spots(cells: pd.DataFrame) -> str:
    found = blind_spots(cells)
    if not len(found):
        return "There are none.\n"
    rows = [
        [
            ", ".join([each["estimator"], f"{each['catalogue']} products", each["customer"], _pair(each)]),
            f"{each['visits']:,}", number(each["coverage"], 3), number(each["warned"], 2), number(each["bias"], 4),
            number(each["rmse"], 4), "yes" if each["holds"] else "no",
        ]
        for _, each in found.iterrows()
    ]  # fmt: skip
    return table(["cell", "visits", "coverage", "warned", "bias", "RMSE", "holds"], rows)


def _policies(cells: pd.DataFrame) -> str:
    """How far the targets are."""
    rows = [
        [
            f"{each['catalogue']} products, {_pair(each)}",
            each["customer"], number(each["truth"], 4), number(each["truth_error"], 5), number(each["difference"], 4),
            f"{each['effective']:.2g}", f"{each['support']:.1%}",
        ]
        for _, each in cells.drop_duplicates(BY).iterrows()
    ]  # fmt: skip
    head = ["policies", "customers", "truth", "its error", "difference", "effective", "support"]
    return table(head, rows)


def _estimators(cells: pd.DataFrame) -> str:
    """Each estimator by customers, over logging policies, targets and sizes."""
    cells = cells.assign(relative=cells["rmse"] / cells["difference"].abs())
    rows = []
    for names, each in cells.groupby(["catalogue", "estimator", "customer"], sort=False):
        catalogue, estimator, customer = names
        row = [f"{estimator}, {customer}, {catalogue} products", "yes" if each["holds"].any() else "no"]
        row += [number(each[name].median(), 3) for name in ("relative", "coverage", "trusted_coverage", "warned")]
        rows.append([*row, number(1000 * each["seconds"].median(), 1)])
    head = ["estimator and customers", "may hold", "RMSE / difference", "coverage", "where trusted", "warned", "ms"]
    return f"{table(head, rows)}\nMedians over logging policies, targets and sizes.\n"


def _pair(cell: pd.Series) -> str:
    return f"{cell['logging']} > {cell['target']}"
