"""What the network reads of visits, as arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.seen import SeenVisits

LAST = 20  # visits of a record that are read, the latest
AGE = 200.0  # days, the unit in which an item is old, beside the logarithm of its days
LEAST = 1e-12  # incidence that is taken for none
OF_RECORD, OF_VISIT, OF_ITEM = 4, 3, 5  # numbers that describe each


class Records(NamedTuple):
    """B visits, with the V visits and N items of their records, row by row and in the order of time.

    Attributes:
        group: (B,) of the state, as in `AgainAgent`.
        length: (B,) visits of the record that are read, at most LAST.
        record: (B, OF_RECORD) items, visits, days since the last of these, and items per visit.
        place: (V,) of each earlier visit in an array of B x the greatest length.
        size: (V,) products bought in it.
        visit: (V, OF_VISIT) days since the visit before it, products bought, and days until now.
        row: (N,) to which each item belongs.
        item_visit: (N,) the earlier visit in which it was bought.
        product: (N,)
        item: (N, OF_ITEM) days until now, as a logarithm and as they are; visits until now; incidence in the state,
            against that in all groups and as it is.
    """

    group: NDArray[np.int64]
    length: NDArray[np.int64]
    record: NDArray[np.float32]
    place: NDArray[np.int64]
    size: NDArray[np.float32]
    visit: NDArray[np.float32]
    row: NDArray[np.int64]
    item_visit: NDArray[np.int64]
    product: NDArray[np.int64]
    item: NDArray[np.float32]

    @classmethod
    def read(
        cls, seen: SeenVisits, group: NDArray[np.int64], incidence: NDArray[np.float64], mean: NDArray[np.float64]
    ) -> Records:
        """Reads what the shop sees.

        Args:
            seen: B visits.
            group: (S,) group of each state.
            incidence: (G, P) of the groups.
            mean: (P,) of the incidence over the groups.
        """
        items, rows = seen.record, len(seen)
        row = np.repeat(np.arange(rows), items.counts())
        new = np.ones(row.size, dtype=bool)
        new[1:] = (np.diff(row) != 0) | (np.diff(items.day) != 0)
        visit, owner = np.cumsum(new) - 1, row[new]
        first = np.searchsorted(owner, np.arange(rows + 1))
        ago = first[owner + 1] - 1 - np.arange(owner.size)

        read = ago < LAST
        kept = read[visit]
        row, owner, ago = row[kept], owner[read], ago[read]
        visit = (np.cumsum(read) - 1)[visit[kept]]
        product, day = items.product[kept].astype(np.int64), items.day[kept]
        size = np.bincount(visit, minlength=owner.size)
        length = np.bincount(owner, minlength=rows)
        age = np.maximum(seen.date[row] - day, 0)
        visit_age = np.maximum(seen.date[owner] - items.day[new][read], 0)
        gap = np.zeros(owner.size)
        gap[1:] = np.where(np.diff(owner) == 0, visit_age[:-1] - visit_age[1:], 0)
        last = np.zeros(rows)
        last[owner] = visit_age  # the latest is written last

        of_group = group.take(seen.state)
        here = np.log(np.maximum(incidence[of_group[row], product], LEAST))
        anywhere = np.log(np.maximum(mean[product], LEAST))
        bought = np.bincount(row, minlength=rows)
        return cls(
            group=of_group,
            length=length,
            record=_columns(
                _scaled(bought, 50), _scaled(length, 3), _scaled(last, 30), _scaled(bought / np.maximum(length, 1), 15)
            ),
            place=owner * length.max(initial=0) + length[owner] - 1 - ago,
            size=size.astype(np.float32),
            visit=_columns(_scaled(np.maximum(gap, 0), 30), _scaled(size, 15), _scaled(visit_age, 60)),
            row=row,
            item_visit=visit,
            product=product,
            item=_columns(_scaled(age, 60), age / AGE, _scaled(ago[visit], 3), here - anywhere, here / 2 + 2),
        )


def _scaled(count: NDArray, usual: float) -> NDArray[np.float64]:
    """Logarithms of counts, 0 for a usual one."""
    return np.log((1.0 + count) / (1.0 + usual)) / 2.0


def _columns(*columns: NDArray) -> NDArray[np.float32]:
    return np.stack(columns, axis=1).astype(np.float32)
