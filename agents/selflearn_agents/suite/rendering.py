"""The table in files: Markdown to read, CSV and JSON to compute with, HTML for the documentation."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2

from selflearn_agents.commands.output import outputs, write_text
from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.evaluation.tables import interval, p_text
from selflearn_agents.suite.definition import Suite
from selflearn_agents.suite.measures import MEASURES
from selflearn_agents.suite.standings import Standing

TEMPLATE = Path(__file__).parent / "table.html"


def write_tables(suite: Suite, rows: Sequence[Standing]) -> list[Path]:
    """Writes the table beside the results; the files.

    Raises:
        OSError: a file cannot be written.
    """
    suite.results.mkdir(parents=True, exist_ok=True)
    texts = {
        "table.md": as_markdown(suite, rows),
        "table.csv": as_csv(rows),
        "table.json": as_json(suite, rows),
        "table.html": as_html(suite, rows),
    }
    with outputs(suite.results) as new:
        for name, text in texts.items():
            write_text(new / name, text)
    return [suite.results / name for name in texts]


def as_markdown(suite: Suite, rows: Sequence[Standing]) -> str:
    """A table per environment and log."""
    parts = [
        f"# Suite {suite.name}, version {suite.version}\n\n"
        f"Means over {suite.seeds} seeds, best first; in brackets the 95 % interval of Student's t. Above "
        f"{suite.reference}: the difference, paired by seed; p is that of the paired t-test, adjusted by Holm for the "
        f"entries of a table.\n\n"
        f"Expected reward: exact, per visit, in journey per customer over a life. Seconds: of a processor, for a run "
        f"and the making of its agent, where it was made.\n"
    ]
    for _, group in groupby(rows, lambda row: (row.cell.environment.name, row.cell.log.name)):
        own = list(group)
        environment, log = own[0].cell.environment, own[0].cell.log
        measure = MEASURES[environment.measure]
        head = ["entry", "kind", *_titles(suite, measure.title, measure.late_title), "remark"]
        cells = [[row.cell.entry.name, row.cell.entry.kind, *_cells(row), row.remark] for row in own]
        parts.append(
            f"## {environment.name} on {log.name}\n\n`{environment.env_id}`, {own[0].cell.visits:,} {measure.counted} "
            f"per run, shop {log.digest[:16]}.\n\n{table(head, cells)}"
        )
    return "\n".join(parts)


def as_csv(rows: Sequence[Standing]) -> str:
    """One line per row, numbers to the last bit."""
    text = io.StringIO()
    flat = [_flat(row) for row in rows]
    writer = csv.DictWriter(text, list(flat[0]) if flat else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


def as_json(suite: Suite, rows: Sequence[Standing]) -> str:
    """The rows, and what the names in them mean."""
    content = {
        "suite": suite.name,
        "version": suite.version,
        "seeds": suite.seeds,
        "reference": suite.reference,
        "environments": {
            name: {
                "id": each.env_id,
                "about": each.about,
                "options": each.options,
                "visits": dict(each.visits),
                "batch": each.batch,
                "measure": each.measure,
            }
            for name, each in suite.environments.items()
        },
        "logs": {name: {"about": each.about, "digest": each.digest} for name, each in suite.logs.items()},
        "rows": [_flat(row) for row in rows],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def as_html(suite: Suite, rows: Sequence[Standing]) -> str:
    """A fragment for a page: one table of all rows, which a script can filter."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    titles = _titles(suite, "score", "score at the end")
    return template.render(suite=suite, rows=[(row, _cells(row)) for row in rows], titles=titles)


def _titles(suite: Suite, score: str, late: str) -> list[str]:
    return [score, f"above {suite.reference}", "p, Holm", late, "expected reward", "real hits", "seconds"]


def _cells(row: Standing) -> list[str]:
    """The figures of a row, as text."""
    decimals = MEASURES[row.cell.environment.measure].decimals
    return [
        interval(row.score, decimals),
        interval(row.difference, decimals),
        p_text(row.p),
        number(row.late, decimals),
        number(row.reward, 2),
        number(row.real_hits, 2),
        number(row.seconds, 1),
    ]


def _flat(row: Standing) -> Mapping[str, Any]:
    """The row as names and values; None where there is no figure."""
    numbers = {
        "score": row.score.value,
        "score_low": row.score.low,
        "score_high": row.score.high,
        "score_late": row.late,
        "difference": row.difference.value,
        "difference_low": row.difference.low,
        "difference_high": row.difference.high,
        "p_holm": row.p,
        "expected_reward": row.reward,
        "real_hits": row.real_hits,
        "seconds": row.seconds,
    }
    cell = row.cell
    return {
        "environment": cell.environment.name,
        "log": cell.log.name,
        "entry": cell.entry.name,
        "kind": cell.entry.kind,
        "agent": cell.entry.text,
        "observes": cell.entry.observes,
        "authors": ", ".join(cell.entry.authors),
        "link": cell.entry.link,
        "measure": cell.environment.measure,
        "seeds": row.seeds,
        **{name: None if math.isnan(value) else value for name, value in numbers.items()},
        "remark": row.remark,
    }
