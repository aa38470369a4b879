"""What became of the rows of a log."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Report:
    """What became of the rows of a log.

    Attributes:
        rows_read: rows of the source.
        dropped: rows left out, per reason.
        noted: rows kept that count differently, per remark; a row may have several.
        understood: how the source was read, by subject: columns, separator, price, revenue and the like. It says
            nothing of what the shop is, and does not count in its digest.
    """

    rows_read: int
    dropped: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)
    understood: dict[str, str] = field(default_factory=dict)

    @property
    def rows_kept(self) -> int:
        """Rows that were not dropped."""
        return self.rows_read - sum(self.dropped.values())

    def __str__(self) -> str:
        lines = [f"{subject}: {what}" for subject, what in self.understood.items()]
        lines += [f"{self.rows_read:>11,} rows read"]
        lines += [f"{-count:>11,} {reason}" for reason, count in self.dropped.items() if count]
        lines += [f"{self.rows_kept:>11,} rows kept, of which"]
        lines += [f"{count:>11,} {remark}" for remark, count in self.noted.items()]
        return "\n".join(lines)
