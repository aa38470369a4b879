"""Shows what a store keeps, makes a log of visits from it, and imports or exports values in the article's layout."""

from __future__ import annotations

import argparse
import csv
import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from selflearn_agents.bandits.epsilon_greedy import EpsilonGreedyAgent
from selflearn_agents.bandits.known_values import start_from
from selflearn_agents.commands.arguments import add_shop_argument, agent, place, positive, seed, shop_of
from selflearn_agents.commands.replacing import check_replaced
from selflearn_agents.commands.serve import identity_of, make
from selflearn_agents.logs.parquet import is_log
from selflearn_agents.logs.stored import read_store
from selflearn_agents.store import open_store
from selflearn_agents.store.article import ArticleValues, read_article, write_article
from selflearn_agents.store.labels import Labels
from selflearn_agents.store.protocol import Store
from selflearn_agents.store.record import Value
from selflearn_agents.store.taking_over import article_of, begin_with, known_of

STORE_HELP = "sqlite:///FILE or mongodb://HOST/DATABASE"
PLACE_HELP = "a folder of four JSON files, or mongodb://HOST/DATABASE"
COLUMNS = ("id", "name", "value", "shown", "clicked", "bought", "changed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="show|log|export|import")
    how: dict[str, Any] = {"formatter_class": parser.formatter_class}

    text = "show the values of the products in a state, best first; without a state, what there is"
    verb = verbs.add_parser("show", help=text, description=text, **how)
    verb.add_argument("--store", default="sqlite:///values.db", help=STORE_HELP)
    verb.add_argument("--state", help="such as Q4_November_1_Thursday")
    verb.add_argument("--most", type=positive, default=20, help="products to show, or states")
    verb.add_argument("--as", dest="form", choices=("table", "csv", "json"), default="table", help="form of the output")

    text = "write the visits that were learned from as a log for off-policy evaluation, a Parquet file"
    verb = verbs.add_parser("log", help=text, description=text, **how)
    verb.add_argument("--store", default="sqlite:///values.db", help=STORE_HELP)
    verb.add_argument("--out", type=place, required=True, help="the file, such as visits.parquet")

    text = "write the values of an epsilon_greedy as the article's system keeps them"
    verb = verbs.add_parser("export", help=text, description=text, **how)
    verb.add_argument("--store", default="sqlite:///values.db", help=STORE_HELP)
    verb.add_argument("--layout", choices=("article",), default="article", help="layout of what is written")
    verb.add_argument("--to", required=True, help=PLACE_HELP)
    verb.add_argument("--shop", type=Path, help="the store's shop, for the units of its log in rlQuantdic")

    text = "begin a store whose epsilon_greedy starts where the article's system stood"
    verb = verbs.add_parser("import", help=text, description=text, **how)
    verb.add_argument("--from", dest="source", required=True, help=PLACE_HELP)
    verb.add_argument("--layout", choices=("article",), default="article", help="layout of what is read")
    verb.add_argument("--store", default="sqlite:///values.db", help=STORE_HELP)
    add_shop_argument(verb)
    verb.add_argument(
        "--agent",
        type=agent,
        default="epsilon_greedy",
        help="an epsilon_greedy, maybe with hyperparameters in brackets",
    )
    verb.add_argument("--seed", type=seed, default=0, help="seed of the agent")
    verb.add_argument("--slate-size", type=positive, default=10, help="products per slate")


def run(options: argparse.Namespace) -> None:
    """Does what the verb says."""
    {"show": _show, "log": _log, "export": _export, "import": _import}[options.verb](options)


def _show(options: argparse.Namespace) -> None:
    with closing(open_store(options.store, read_only=True)) as store:
        if store.identity is None:
            raise ValueError(f"{store.url}: the store has not begun; serve an agent from it first")
        labels = Labels(store.identity)
        if options.state is None:
            _show_all(store, labels, options)
        else:
            _show_state(store, labels, options)


def _show_state(store: Store, labels: Labels, options: argparse.Namespace) -> None:
    state = labels.find_state(options.state)
    best = sorted(store.values(state), key=_worth)[: options.most]
    rows = [
        [*labels.product(each.product), each.value, each.shown, each.clicked, each.bought, _moment(each.changed)]
        for each in best
    ]
    of_state: dict[str, Any] = {"state": options.state, "as_of": _moment(store.kept())}
    if options.form == "json":
        products = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        print(json.dumps({**of_state, "products": products}, indent=2))
    elif options.form == "csv":
        print(f"as of {of_state['as_of']}", file=sys.stderr)
        _print_csv(COLUMNS, rows)
    else:
        print(f"{options.state} in {store.url}, as of {of_state['as_of']}")
        print(_table(COLUMNS, rows) if rows else "nothing was learned there yet")


def _show_all(store: Store, labels: Labels, options: argparse.Namespace) -> None:
    counts = store.counts()
    identity = dict(store.identity or {})
    identity.pop("names", None)
    about = {
        **identity,
        "products": len(labels.products),
        "states": 0 if labels.states is None else labels.states.size,
        "visits": counts.visits,
        "learned": counts.learned,
        "open": counts.visits - counts.learned,
        "bytes": store.size(),
        "as_of": _moment(store.kept()),
    }
    of_states = ((labels.state(state), store.values(state)) for state in store.states())
    rows = [(state, sum(each.shown for each in values), len(values)) for state, values in of_states]
    rows = sorted(rows, key=lambda row: -row[1])[: options.most]
    columns = ("state", "shown", "products")
    if options.form == "json":
        most = [dict(zip(columns, row, strict=True)) for row in rows]
        print(json.dumps({"store": store.url, **about, "most_shown": most}, indent=2))
    elif options.form == "csv":
        print(f"as of {about['as_of']}", file=sys.stderr)
        _print_csv(columns, rows)
    else:
        print(store.url)
        print(_table(("", ""), [[name, _short(value)] for name, value in about.items()]))
        print(_table(columns, rows) if rows else "nothing was learned yet")


def _log(options: argparse.Namespace) -> None:
    check_replaced(options.out, None, "log of visits", is_log)
    with closing(open_store(options.store, read_only=True)) as store:
        found = read_store(store)
    found.log.to_parquet(options.out)
    unknown = "; the agent does not know its propensities" if found.log.propensity is None else ""
    print(f"{len(found.log):,} visits in {len(found.log.last_state):,} episodes{unknown}: {options.out}")
    print(
        f"left out: {found.open:,} without all responses, {found.restricted:,} in which not every product could be "
        f"shown, {found.other_sizes:,} with longer or shorter slates"
    )


def _export(options: argparse.Namespace) -> None:
    shop = None if options.shop is None else shop_of(options)
    with closing(open_store(options.store, read_only=True)) as store:
        values = article_of(store, shop)
    write_article(values, options.to)
    print(f"{_counted(values)}: {options.to}")
    print("not carried over, since the layout has no place for it: the generator, the order of ties, hyperparameters")
    if shop is None:
        print("rlQuantdic counts showings alone; with --shop it has the net units of the shop's log, too")


def _import(options: argparse.Namespace) -> None:
    if options.agent.agent_class is not EpsilonGreedyAgent:
        raise ValueError(f"the article's system is an epsilon_greedy; {options.agent.text!r} cannot go on from it")
    shop = shop_of(options)
    values = read_article(options.source)
    known, learner = known_of(values, shop), make(options, shop)
    assert isinstance(learner, EpsilonGreedyAgent)
    start_from(learner, known)
    with closing(open_store(options.store)) as store:
        begin_with(store, identity_of(options, shop), learner, known)
    print(f"{_counted(values)}: {options.store}")
    own = "" if options.shop is None else f" --shop {shlex.quote(str(options.shop))}"
    print(
        f"go on with: selflearn serve --agent {shlex.quote(options.agent.text)} --seed {options.seed} "
        f"--slate-size {options.slate_size}{own} --store {shlex.quote(options.store)}"
    )


def _counted(values: ArticleValues) -> str:
    products, shown = (sum(map(len, numbers.values())) for numbers in (values.value, values.recommended))
    return f"{len(values.value):,} states, {products:,} values, {shown:,} of them of products that were shown"


def _worth(value: Value) -> tuple[bool, float, int]:
    """Sorts best values first, those without one last."""
    return value.value is None, -(value.value or 0.0), -value.shown


def _moment(seconds: float | None) -> str | None:
    """A time in UTC, as ISO 8601 has it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _print_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns side by side, numbers to the right."""
    texts = [[_short(each) for each in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    numeric = [all(isinstance(each, int | float | None) for each in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if is_number else text.ljust(width)
            for text, width, is_number in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in (columns, *texts)
    ]
    return "\n".join(line for line in lines if line)


def _short(value: Any) -> str:
    """A value for a table, on one line."""
    if value is None:
        return "-"
    text = f"{value:.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    return " ".join(text.split())
