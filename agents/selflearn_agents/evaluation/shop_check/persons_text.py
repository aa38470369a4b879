"""The part of the page on persons."""

from __future__ import annotations

import textwrap

import numpy as np

from selflearn_agents.evaluation.markdown import number, table
from selflearn_agents.evaluation.shop_check.findings import WORLDS, Findings
from selflearn_agents.evaluation.shop_check.ranking import SURE
from selflearn_agents.evaluation.shop_check.verdict import ENVIRONMENTS
from selflearn_env.shop.people.fit import Choice
from selflearn_env.shop.validation.habits import LATE, TURNS, repeat_shares
from selflearn_env.shop.validation.persons import DRAW, Check, Gain, gains
from selflearn_env.shop.validation.purchases import GROUPS, LATE_DAYS

SLATES = {
    "best_sellers": "best sellers",
    "month": "the month's best",
    "personal": "personal",
    "new_month": "never bought before: the month's best",
    "new_personal": "never bought before: personal",
}
REFITTED = 1.5  # nats by which a level may differ where a simulated log is fitted again
HABITS = {
    "repeat_share": "bought before by the same customer, % of purchases",
    "repeat_share_late": f"the same after {LATE} visits",
    "basket_mean": "products of a visit",
    "basket_sd": "their standard deviation",
    "basket_quantiles": "their quantiles, 10, 50, 90, 99 %",
    "products_mean": "different products of a customer",
    "products_sd": "their standard deviation",
    "products_quantiles": "their quantiles, 10, 50, 90, 99 %",
    "top_ten": "ten most bought, % of purchases",
}


def persons_text(found: Findings) -> list[str]:
    """The sections."""
    sections = [_levels_text(found)]
    if found.hits:
        sections.append(_hits_text(found))
    sections.append(_rankings_text(found))
    sections.append(_habits_text(found))
    if found.refit is not None:
        sections.append(_refit_text(found.persons["other customers"], found.refit))
    sections.append(_choice_text(found.choice))
    return sections


def _section(title: str, prose: str, *tables: str) -> str:
    return "\n".join([f"## {title}\n", f"{textwrap.fill(prose, 120)}\n", *tables])


def _levels_text(found: Findings) -> str:
    checks = list(found.persons.values())
    if not checks:
        return ""
    known = found.known_persons
    head = ["known of a visit"]
    for check in checks:
        head += [check.name, "above the row before"]
    rows = []
    for same in zip(*map(gains, checks), strict=True):
        if known or same[0].step in ("one_rate", "popularity", "month", "present"):
            rows.append([_step(same[0]), *(text for gain in same for text in (_level(gain), _gain(gain)))])
    return _section(
        "What state, person and present tell of a visit",
        "Log-likelihood per visit (in nats: 0.69 is a factor of 2) above one rate for all products, ± standard error "
        f"with customers as the units. Other customers: in {GROUPS} groups, each foreseen from the two others; the "
        f"last two months: the last {LATE_DAYS} days, foreseen from those before. A visit is an invoice, and given "
        "what the same customer bought earlier. The last row is no further part, but the row above in one draw of the "
        "world, as it is simulated.",
        table(head, rows),
    )


def _step(gain: Gain) -> str:
    return {DRAW: "one draw", "one_rate": "nothing"}.get(gain.step, f"+ {gain.step.replace('_', ' ')}")


def _level(gain: Gain) -> str:
    return f"{number(gain.level, 2)} ± {number(gain.error, 2)}"


def _gain(gain: Gain) -> str:
    return f"{gain.gain:+.2f} ± {number(gain.gain_error, 2)}"


def _hits_text(found: Findings) -> str:
    rows = [
        [SLATES[hit.slate], f"{number(hit.found, 2)} ± {number(hit.error, 2)}", number(hit.foreseen, 2)]
        for hit in found.hits
    ]
    return _section(
        "Real hits",
        "Products of a list that are in the real basket, per visit to which nothing was fitted, and how many the model "
        "foresees (visits of other customers, if the log has enough; ± standard error with customers as the units).",
        table(["shown", "in the basket", "foreseen"], rows),
    )


def _rankings_text(found: Findings) -> str:
    names = list(found.judged)
    rows = []
    by_name = {name: {each.names: each for each in judged.ranking.lists} for name, judged in found.judged.items()}
    for each in found.judged[names[0]].ranking.lists:
        rewards = [number(by_name[name][each.names].reward, 2) for name in names]
        rows.append([", ".join(each.names), number(each.hits, 3), *rewards])
    said = []
    for name, (ranking, headroom, _) in found.judged.items():
        said.append(
            [
                ENVIRONMENTS[name],
                f"{number(ranking.correlation, 2)} ({number(ranking.low, 2)} .. {number(ranking.high, 2)})",
                number(headroom.random, 2),
                number(headroom.optimal, 2),
                number(headroom.everybody, 3),
                number(headroom.personal, 3),
            ]
        )
    head = ["environment", "rank correlation", "random", "optimal", "bestsellers", "person"]
    return _section(
        "Does the simulator rank lists as the shop would?",
        "What agents would show before any visit, and lists for persons, all from the history only, in the log's "
        "visits by the simulated customers (a customer's day is one visit): products of the list in the real basket, "
        "and the simulator's exact expected reward. Lists that are equal count once. Below, Spearman's rank "
        f"correlation of hits and rewards, and where {100 * SURE:.0f} % of it lies when customers are drawn anew "
        "(the lists stay the same); the expected rewards of random and of the best slates, and the share of the way "
        "between them that two of the lists go.",
        table(["list", "real hits", *(f"reward, {ENVIRONMENTS[name]}" for name in names)], rows),
        table(head, said),
    )


def _habits_text(found: Findings) -> str:
    of = list(found.habits.values())
    rows = [[label, *(_habit(getattr(each, name)) for each in of)] for name, label in HABITS.items()]
    pairs = list(found.pairs.values())
    rows.append(["pairs of one category in a basket, %", *(number(each.within, 1) for each in pairs)])
    rows.append(["the same across two visits, %", *(number(each.across, 1) for each in pairs)])
    rows.append(["the same across two customers, %", *(number(each.independent, 1) for each in pairs)])
    text = _section(
        "Visits of the log and simulated ones",
        "The simulated customers visit on the days of the log, and begin with an empty record; figures are means over "
        f"{WORLDS} simulated logs, each with a random draw of its own of what customers want. New persons are "
        "invented: they are drawn from what was fitted to all customers together. All that a customer buys on one day "
        "is one visit. Categories are found from what half of the log's customers buy together, and measured on the "
        "other half.",
        table(["", *found.journals], rows),
    )
    if not found.known_persons:
        return text
    shares = np.stack(
        [np.mean([repeat_shares(each) for each in several], axis=0) for several in found.journals.values()], axis=1
    )
    ends = [*(str(last - 1) for last in TURNS[1:]), "more"]
    spans = [str(first) if last == str(first) else f"{first} - {last}" for first, last in zip(TURNS, ends, strict=True)]
    by_turn = [[span, *(number(share, 1) for share in row)] for span, row in zip(spans, shares, strict=True)]
    return f"{text}\nBought before, % of purchases, by the number of earlier visits:\n\n" + table(
        ["earlier visits", *found.journals], by_turn
    )


def _habit(value: float | tuple[float, ...]) -> str:
    return ", ".join(number(part, 0) for part in value) if isinstance(value, tuple) else number(value, 1)


def _refit_text(log: Check, refit: Check) -> str:
    rows = []
    for real, again in zip(gains(log)[1:], gains(refit)[1:], strict=True):
        rows.append([_step(real), _level(real), _level(again), f"{again.level - real.level:+.2f}"])
    greatest = max(abs(again.level - real.level) for real, again in zip(gains(log), gains(refit), strict=True))
    said = "within" if greatest <= REFITTED else "NOT within"
    return _section(
        "Is what was fitted identified?",
        "The same check of other customers on a log that was simulated: its levels are "
        f"{said} {REFITTED} nats of those of the log.",
        table(["step", "log", "simulated log", "difference"], rows),
    )


def _choice_text(choice: Choice) -> str:
    present, repeat = "not used", "not used"
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
        "## The persons' model\n\nChosen by how well it predicts customers to whom it was not fitted; in "
        "brackets, what it gains on them in nats per visit:\n\n"
        f"- present ({choice.present_gain:+.2f}): {present}\n"
        f"- taste ({choice.taste_gain:+.2f}): {choice.topics} topic{'s' if choice.topics > 1 else ''}\n"
        f"- record ({choice.repeat_gain:+.2f}): {repeat}\n"
    )
