"""Three plain sentences: what state, person and present are worth in a shop, and what lists for persons can gain."""

from __future__ import annotations

import math
from collections.abc import Mapping

from selflearn_agents.evaluation.markdown import number

NO_PERSONS = (
    "No customer of this log comes on a second day: nothing tells persons apart before they buy, and the persons' part "
    "is switched off."
)
ENVIRONMENTS = {
    "retail": "Retail-v0",
    "people": "RetailPeople-v0",
    "people_present": 'RetailPeople-v0 with season="present"',
}
CHECKS = {"other_customers": "For other customers", "last_months": "in the last two months"}


def verdict(found: Mapping[str, float], known_persons: bool) -> str:
    """The sentences, one per line of a list.

    Args:
        found: the figures of `selflearn check`.
        known_persons: whether customers come again.
    """
    sentences = [_worth(found), _hits(found) if known_persons else NO_PERSONS, _lists(found)]
    return "".join(f"{place}. {sentence}\n" for place, sentence in enumerate(filter(None, sentences), 1))


def _worth(found: Mapping[str, float]) -> str:
    parts: list[str] = []
    for name, where in CHECKS.items():
        if f"gain.{name}.state" not in found:
            continue
        # The first check that the log allows begins the sentence.
        shown = where if parts else where[0].upper() + where[1:]
        worth = [f"the state is worth {_nats(found, name, 'state')}"]
        if f"gain.{name}.person" in found:
            worth.append(f"the person {_nats(found, name, 'person')}")
        if f"gain.{name}.present" in found:
            worth.append(f"the shop's present {_nats(found, name, 'present')}")
        parts.append(f"{shown} {_and(worth)}")
    return f"{'; '.join(parts)} nats per visit, each beyond the one before (0.69 is a factor of 2)." if parts else ""


def _nats(found: Mapping[str, float], name: str, part: str) -> str:
    return f"{found[f'gain.{name}.{part}']:+.1f} ± {number(found[f'gain_error.{name}.{part}'], 1)}"


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _hits(found: Mapping[str, float]) -> str:
    if "hits.personal" not in found:
        return "There are too few customers, and too few days, to foresee any from others."
    personal, everybody = found["hits.personal"], found["hits.best_sellers"]
    times = f", {number(personal / everybody, 1)} times as many" if everybody > 0 else ""
    return (
        f"Of the products shown, a personal list has {number(personal, 2)} in the real basket of a visit that was not "
        f"fitted, foreseen {number(found['hits_foreseen.personal'], 2)}, the best sellers {number(everybody, 2)}"
        f"{times}: that is what lists for persons can gain over one for everybody."
    )


def _lists(found: Mapping[str, float]) -> str:
    parts = []
    for name in ("people", "people_present", "retail"):
        if f"optimal.{name}" in found:
            way = number(100 * found.get(f"everybody.{name}", math.nan), 0)
            parts.append(
                f"in {ENVIRONMENTS[name]} one list for everybody goes {way} % of the way from random to the best slates"
            )
            parts[-1] += _rank(found, name)
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _rank(found: Mapping[str, float], name: str) -> str:
    correlation = found.get(f"rank_correlation.{name}", math.nan)
    if math.isnan(correlation):
        return ""
    return f", and its rewards rank lists as real baskets do with a correlation of {number(correlation, 2)}"
