"""Builds a shop from a transaction log and saves it."""

from __future__ import annotations

import argparse
from pathlib import Path

from selflearn_agents.commands.arguments import pair, place, positive, seed
from selflearn_agents.commands.replacing import check_replaced
from selflearn_env import Shop
from selflearn_env.shop.reading.errors import LogError
from selflearn_env.shop.reading.options import PRICES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument(
        "log", type=Path, help="CSV (also .gz or .zip), XLSX or Parquet file, or a folder of Parquet files"
    )
    parser.add_argument("--out", type=place, required=True, help="file to write, such as shop.npz")
    parser.add_argument(
        "--column",
        action="append",
        type=pair,
        metavar="NAME=HEADING",
        help="use the log's column HEADING as NAME (invoice, product, quantity, time, price, customer, description) "
        "where it is not recognised, such as customer=client_no; may be given several times",
    )
    parser.add_argument("--date-format", help="strptime format of dates given as text, such as %%d/%%m/%%Y")
    parser.add_argument(
        "--separator",
        default="auto",
        help="what separates the cells of a CSV: a character, or comma, semicolon, tab, pipe",
    )
    parser.add_argument(
        "--decimal", choices=("auto", ".", ","), default="auto", metavar="MARK", help="decimal mark: auto, . or ,"
    )
    parser.add_argument(
        "--price-is",
        choices=PRICES,
        default="auto",
        help="whether a price is of one unit, or the total of the row; auto decides by the heading",
    )
    parser.add_argument("--history-share", type=float, default=0.5, help="share of the customers that form the history")
    parser.add_argument(
        "--seed", type=seed, default=0, help="seed of the split of the customers and of the simulated preferences"
    )
    parser.add_argument("--period", choices=("half", "week"), default="half", help="period of the month in the state")
    parser.add_argument("--max-products", type=positive, help="keep only the products most bought in the history")
    parser.add_argument(
        "--keep-all-products", action="store_true", help="also keep postage, fees and other codes that are no goods"
    )


def run(options: argparse.Namespace) -> None:
    """Builds, saves, and says what became of the rows."""
    check_replaced(options.out, options.log, "shop", Shop.is_saved)
    try:
        shop = Shop.from_transactions(
            options.log,
            columns=dict(options.column) if options.column else "auto",
            date_format=options.date_format,
            separator=options.separator,
            decimal=options.decimal,
            price_is=options.price_is,
            history_share=options.history_share,
            seed=options.seed,
            period=options.period,
            max_products=options.max_products,
            exclude_products=() if options.keep_all_products else "auto",
        )
    except LogError as error:
        raise ValueError(error.for_command_line()) from None
    persons = persons_table(shop)  # before the shop is saved, so that what is fitted is saved with it
    shop.save(options.out)
    print(shop.report)
    seen = int((shop.history.visits > 0).sum())
    print(f"{shop.products:,} products, {shop.states.size:,} states, {seen:,} of them with history")
    print(pooling_table(shop))
    print(persons)
    print(f"{options.out} (digest {shop.digest[:12]})")


def pooling_table(shop: Shop) -> str:
    """What the simulated customers' purchases say of the tiers, level by level."""
    lines = ["purchases of the simulated customers pool over the tiers so:"]
    for level in shop.customers.pooling.levels:
        name = " x ".join(shop.states.tiers[tier].name for tier in level.tiers) or "all visits together"
        lines.append(f"{name:>34}: shrunk by {level.weight:8,.4g} purchases, {level.gain:+7.3f} nats per visit")
    return "\n".join(lines)


def persons_table(shop: Shop) -> str:
    """What is known of persons beyond the month, of the simulated customers and of the history's."""
    fits = {"simulated customers": shop.people, "history": shop.history_people}
    if shop.people is shop.history_people:
        fits = {"all customers": shop.people}
    lines = ["what is bought depends on the person and the day beside the month, in nats per visit:"]
    for name, people in fits.items():
        choice = people.choice
        known = {
            "what sells now": (choice.present is not None, choice.present_gain),
            "bought before": (choice.repeat.happens, choice.repeat_gain),
            f"taste in {choice.topics} topics": (choice.topics > 1, choice.taste_gain),
        }
        said = [f"{what} {gain:+.3f}" for what, (there, gain) in known.items() if there]
        lines.append(f"{name:>34}: {', '.join(said) or 'nothing that shows in this log'}")
    return "\n".join(lines)
