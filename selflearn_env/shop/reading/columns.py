"""Which column of a log holds what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from selflearn_env.shop.reading.errors import LogError, quoted

CANONICAL = ("invoice", "product", "description", "quantity", "time", "price", "customer")
OPTIONAL = frozenset({"invoice", "description", "price"})

# Names by which a column is recognised, compared without case, blanks, underscores, hyphens and dots.
KNOWN_NAMES = {
    "invoice": """invoice invoiceno invoicenumber invoiceid order orderid orderno ordernumber basket basketid
        transaction transactionid transactionno transactionnumber receipt receiptid receiptno receiptnumber
        ticket ticketid ticketno bill billid billno""",
    "product": """product productid productcode productno stockcode item itemid itemcode itemno sku skuid
        article articleid articlecode articleno upc ean gtin barcode""",
    "description": "description productname productdescription itemname itemdescription articlename",
    "quantity": "quantity qty units quantitysold unitssold orderquantity itemquantity",
    "time": """time date datetime timestamp invoicedate orderdate ordertime purchasedate saledate salesdate
        transactiondate transactiontime transactiontimestamp transactiondt tdat createdat orderedat""",
    "price": "price unitprice priceperunit itemprice productprice sellingprice salesprice priceeach",
    "customer": """customer customerid customerno customernumber customercode user userid client clientid clientno
        member memberid shopper shopperid buyer buyerid household householdid householdkey""",
}
# Headings that count only where no other does: the total of a row, and a word that may mean quantity or price.
TOTALS = frozenset(["salesvalue", "totalprice", "linetotal", "total", "totalamount", "revenue", "turnover"])
AMOUNT = "amount"
VALUE = r"[-+]?\d[-+.,:/ \dTZ]*"  # a number or a date, which names no column
LISTED = 30  # names that a message shows


def find_columns(found: Sequence[str], columns: str | Mapping[str, str], source: str) -> dict[str, str]:
    """Canonical name -> name in the log, for the columns that are there.

    Args:
        found: the names in the log.
        columns: "auto", or the names of those that are not recognised; they come before what is recognised.
        source: what to call the log in an error.

    Raises:
        ValueError: a needed column is missing, several may be the same, a chosen one is there twice, or the mapping
            names one that is not there.
    """
    named = {} if isinstance(columns, str) else dict(columns)
    if _are_cells(found) and not any(name in found for name in named.values()):
        # A list of what was found would show a customer.
        raise ValueError(
            f"{source}: numbers or dates are where the names of the columns should be; write a heading above them"
        )
    for canonical, name in named.items():
        if canonical not in CANONICAL:
            raise ValueError(f"columns has no meaning for {canonical!r}; its keys are {', '.join(CANONICAL)}")
        if name not in found:
            raise ValueError(f"{source}: there is no column {name!r} for {canonical!r}; found {listed(found)}")
    free = [name for name in dict.fromkeys(found) if name not in named.values()]

    def candidates(words: frozenset[str]) -> list[str]:
        return [name for name in free if _plain(name) in words]

    chosen = dict(named)
    for canonical, words in KNOWN_NAMES.items():
        if canonical not in named:
            _choose(chosen, canonical, candidates(frozenset(words.split())), source)
    if "price" not in chosen:
        _choose(chosen, "price", candidates(TOTALS), source)
    amount = candidates(frozenset({AMOUNT}))
    lacking = [canonical for canonical in ("quantity", "price") if canonical not in chosen]
    if amount and len(lacking) == 2:
        raise LogError(
            f"{source}: column {amount[0]!r} may be 'quantity' or 'price'", "columns", {"quantity": amount[0]}
        )
    if lacking:
        _choose(chosen, lacking[0], amount, source)
    missing = [name for name in CANONICAL if name not in chosen and name not in OPTIONAL]
    if missing:
        also = [name for name in CANONICAL if name not in chosen and name in OPTIONAL]
        # Who then names only what is needed would lose these without a word.
        lacking_too = f"; nor for {listed(also)}, which a log may lack" if also else ""
        raise LogError(
            f"{source}: no column for {listed(missing)}{lacking_too}; found {listed(found)}",
            "columns",
            dict.fromkeys(missing, "<its name>"),
        )
    for name in chosen.values():
        if list(found).count(name) > 1:
            raise ValueError(f"{source}: several columns are called {name!r}; rename all but one")
    return {canonical: chosen[canonical] for canonical in CANONICAL if canonical in chosen}


def price_is_total(name: str) -> bool:
    """Whether the name of a price's column says that it is the total of the row."""
    return _plain(name) in TOTALS | {AMOUNT}


def _choose(chosen: dict[str, str], canonical: str, candidates: list[str], source: str) -> None:
    if len(candidates) > 1:
        raise LogError(
            f"{source}: {listed(candidates)} may each be {canonical!r}", "columns", {canonical: candidates[0]}
        )
    if candidates:
        chosen[canonical] = candidates[0]


def _plain(name: str) -> str:
    return "".join(sign for sign in str(name).casefold() if sign not in " _-.\t\n")


def _are_cells(found: Sequence[str]) -> bool:
    """Whether what stands where names should is a row."""
    known = frozenset(" ".join(KNOWN_NAMES.values()).split())
    values = any(re.fullmatch(VALUE, str(name).strip()) for name in found)
    return values and known.isdisjoint(map(_plain, found))


def listed(names: Sequence[str]) -> str:
    """Names of columns for a message, not too many of them."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return (", ".join(quoted(str(name)) for name in names[:LISTED]) or "no columns") + more
