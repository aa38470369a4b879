"""Makes a transaction log of any size from a shop: persons like its customers, none of whom is one of them.

Persons are drawn anew from what was fitted to the shop's customers together: how often they come, their tastes, how
much they buy and what they buy again; of no customer anything is copied. Products are the shop's, or where more are
asked for, variants of them. Rows are in the order of time, no day is in two parts, and equal seeds give equal rows.
"""

from __future__ import annotations

import argparse

import numpy as np

from selflearn_agents.commands.arguments import add_shop_argument, place, positive, seed, shop_of
from selflearn_agents.commands.output import folder, outputs
from selflearn_env.shop.synthetic.goods import draw_goods
from selflearn_env.shop.synthetic.purchases import draw_purchases
from selflearn_env.shop.synthetic.rows import draw_days, write_parts
from selflearn_env.shop.synthetic.visits import Habits, count_persons


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument(
        "--rows",
        type=positive,
        default=1_000_000,
        help="expected rows; a million comes out within 2%%, 50 million within half a percent",
    )
    parser.add_argument("--products", type=positive, help="products on sale; by default those of the shop")
    parser.add_argument(
        "--customers",
        type=positive,
        help="customers, each of whom comes at least once; by default as many as make the rows if they come as often "
        "as the shop's. More come less often. Where nobody came twice, nobody does, and the customers make the rows",
    )
    parser.add_argument("--seed", type=seed, default=0, help="seed of all that is drawn")
    add_shop_argument(parser)
    parser.add_argument("--out", type=place, required=True, help="folder for part-0000.parquet and so on")


def run(options: argparse.Namespace) -> None:
    """Draws the customers' visits, and writes day by day what they buy."""
    out = folder(options.out)
    if any(out.glob("part-*.parquet")):
        raise FileExistsError(f"{out}: has parts of another log; name another folder, or remove them")
    shop = shop_of(options)
    people, habits = shop.people, Habits.of(shop)
    rng = np.random.default_rng(options.seed)
    customers = options.customers or count_persons(habits, people, options.rows, rng)
    goods = draw_goods(shop.catalogue, people.months.usual, options.products or shop.products, rng)
    purchases = draw_purchases(habits, people, goods, options.rows, customers, rng, progress=True)
    with outputs(out, options) as new:
        written = write_parts(new, draw_days(purchases, goods, shop.customers.first_date, rng, progress=True))
    print(f"{written:,} rows of {customers:,} customers and {goods.price.size:,} products in {out}")
