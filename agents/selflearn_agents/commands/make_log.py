"""Makes a transaction log of any size from a shop: its customers, replicated, buy its products, in variants.

Rows are in the order of time, no day is in two parts, and equal seeds give equal rows.
"""

from __future__ import annotations

import argparse

import numpy as np

from selflearn_agents.commands.arguments import add_shop_argument, place, positive, seed, shop_of
from selflearn_agents.commands.output import folder
from selflearn_env.shop.synthetic import draw_days, draw_goods, draw_visits, write_parts

ROWS_PER_CUSTOMER = 50


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
        help=f"customers, each of whom comes at least once; by default one per {ROWS_PER_CUSTOMER} rows",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of all that is drawn")
    add_shop_argument(parser)
    parser.add_argument("--out", type=place, required=True, help="folder for part-0000.parquet and so on")


def run(options: argparse.Namespace) -> None:
    """Draws the customers' visits, and writes day by day what they buy."""
    out = folder(options.out)
    if any(out.glob("part-*.parquet")):
        raise FileExistsError(f"{out}: has parts of another log; name another folder, or remove them")
    shop = shop_of(options)
    rng = np.random.default_rng(options.seed)
    customers = options.customers or max(options.rows // ROWS_PER_CUSTOMER, 1)
    visits = draw_visits(shop, options.rows, customers, rng)
    goods = draw_goods(shop, options.products or shop.products, rng)
    written = write_parts(out, draw_days(shop, visits, goods, rng, progress=True))
    print(f"{written:,} rows of {customers:,} customers and {goods.price.size:,} products in {out}")
