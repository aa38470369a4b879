"""Which product codes of a log are no merchandise."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

# Codes that speak for themselves, compared without case and spaces.
CODES = frozenset(
    [
        *("post", "postage", "carriage", "shipping", "freight", "discount"),
        *("manual", "samples", "bankcharges", "amazonfee", "adjust", "adjust2"),
    ]
)
# What such lines are called; the whole description must match.
DESCRIPTION = (
    r"(?:next day |dotcom )?(?:postage|carriage|shipping|freight|delivery)(?: costs?| charges?| fees?)?|"
    r"packing (?:costs?|charges?|fees?)|bank charges?|.*\bfee|cruk commission|manual(?: line| entry)?|"
    r"discount|samples?|"
    r"adjust(?:ment)?\b.*|.*\bgift voucher(?: \W?[\d.]+)?(?:,.*)?|this is a test product.*"
)


def excluded_products(ids: pd.Index, descriptions: pd.Series, exclude: str | Collection[str]) -> set[str]:
    """The codes to leave out of the catalogue.

    Args:
        ids: all codes.
        descriptions: the usual description of each code, missing where there is none.
        exclude: "auto", or the codes.

    Raises:
        TypeError: `exclude` is another text than "auto".
        ValueError: a code of `exclude` does not occur in the log.
    """
    if isinstance(exclude, str) and exclude == "auto":
        plain = ids.str.casefold().str.replace(" ", "")
        called = descriptions.reindex(ids).str.casefold().str.fullmatch(DESCRIPTION).fillna(False).to_numpy(dtype=bool)
        return set(ids[plain.isin(CODES) | called])
    if isinstance(exclude, str) or not isinstance(exclude, Collection):
        raise TypeError(f'exclude_products is "auto" or a collection of codes, got {exclude!r}')
    unknown = [code for code in exclude if code not in ids]
    if unknown:
        raise ValueError(f"exclude_products names {unknown[0]!r}, which does not occur in the log")
    return set(exclude)
