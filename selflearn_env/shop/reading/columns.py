"""Which column of a log holds what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CANONICAL = ("invoice", "product", "description", "quantity", "time", "price", "customer")
OPTIONAL = frozenset({"description"})
NEEDED = ("invoice", "product", "quantity", "time", "price")  # in every row

# Names by which a column is recognised, compared without case, spaces and underscores.
KNOWN_NAMES = {
    "invoice": ("invoice", "invoiceno"),
    "product": ("product", "stockcode"),
    "description": ("description",),
    "quantity": ("quantity",),
    "time": ("time", "invoicedate"),
    "price": ("price", "unitprice"),
    "customer": ("customer", "customerid"),
}


def find_columns(found: Sequence[str], columns: str | Mapping[str, str], source: str) -> dict[str, str]:
    """Canonical name -> name in the file, for the columns that are there.

    Raises:
        TypeError: `columns` is neither "auto" nor a mapping.
        ValueError: a column is missing, or the mapping names an unknown one.
    """
    if columns == "auto":
        chosen = {}
        for canonical, known in KNOWN_NAMES.items():
            candidates = [name for name in found if _plain(name) in known]
            if len(candidates) > 1:
                raise ValueError(
                    f"{source}: {_listed(candidates)} may each be {canonical!r}; name every column yourself: "
                    f"columns={{{canonical!r}: {candidates[0]!r}, ...}}"
                )
            if candidates:
                chosen[canonical] = candidates[0]
    elif isinstance(columns, Mapping):
        unknown = [name for name in columns if name not in CANONICAL]
        if unknown:
            raise ValueError(f"columns has no meaning for {unknown[0]!r}; its keys are {', '.join(CANONICAL)}")
        chosen = dict(columns)
        for canonical, name in columns.items():
            if name not in found:
                raise ValueError(f"{source}: there is no column {name!r} for {canonical!r}; found {_listed(found)}")
    else:
        raise TypeError(f'columns is "auto" or a mapping such as {{"customer": "client_no"}}, got {columns!r}')
    missing = [name for name in CANONICAL if name not in chosen and name not in OPTIONAL]
    if missing:
        raise ValueError(
            f"{source}: no column for {', '.join(map(repr, missing))}; found {_listed(found)}. "
            f"Name every column yourself: columns={{{missing[0]!r}: <its name>, ...}}"
        )
    return chosen


def _plain(name: str) -> str:
    return str(name).strip().casefold().replace(" ", "").replace("_", "")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(str(name)) for name in names) or "no columns"
