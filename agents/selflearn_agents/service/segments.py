"""The segments of a shop's own customers, from a file."""

from __future__ import annotations

import csv
from pathlib import Path

from selflearn_env.core.states import StateSpace

COLUMNS = ("customer", "segment")


def read_segments(path: Path, states: StateSpace) -> dict[str, int]:
    """The number of the segment of each customer, by the customer's code.

    Args:
        path: a CSV in UTF-8 with the columns customer and segment, such as the Series of `segment_customers` writes.
        states: of the shop, whose first tier is the segment.

    Raises:
        OSError: the file cannot be read.
        ValueError: a column is missing, a customer is named twice, or a segment is unknown; the message names the line.
    """
    labels = states.tiers[0].labels
    segments: dict[str, int] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            rows = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
            if missing:
                raise ValueError(f"{path}: there is no column {missing[0]!r}; it has {rows.fieldnames}")
            for row in rows:
                customer, segment = row["customer"], row["segment"]
                if segment is None:
                    raise ValueError(f"{path}, line {rows.line_num}: no segment; is a quote above never closed?")
                if segment not in labels:
                    raise ValueError(
                        f"{path}, line {rows.line_num}: segment {segment!r} is none of {', '.join(labels)}"
                    )
                if customer in segments:
                    raise ValueError(f"{path}, line {rows.line_num}: customer {customer!r} is there twice")
                segments[customer] = labels.index(segment)
        except UnicodeDecodeError:
            raise ValueError(f"{path}: the file is not in UTF-8") from None
        except csv.Error as error:
            raise ValueError(f"{path}, before line {rows.line_num:,}: {error}; is a quote never closed?") from None
    return segments
