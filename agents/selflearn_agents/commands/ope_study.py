"""Judges the off-policy estimators by logs of simulated customers, against the exact truth; tables, heat maps."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pandas as pd

from selflearn_agents.commands.arguments import (
    add_out_argument,
    add_shop_argument,
    jobs,
    natural,
    positive,
    seed,
    shop_of,
)
from selflearn_agents.commands.output import folder, kept_in, manifest, outputs, write_text
from selflearn_agents.evaluation.workers import dismissing
from selflearn_agents.ope import ESTIMATORS
from selflearn_agents.ope.study.cells import ALL
from selflearn_agents.ope.study.design import Catalogue, Design
from selflearn_agents.ope.study.policies import LOGGING, TARGETS
from selflearn_agents.ope.study.report import details, report, summary
from selflearn_agents.ope.study.study import run_study
from selflearn_agents.plots.study import MEASURES, heat_map
from selflearn_agents.plots.style import save
from selflearn_env import Shop
from selflearn_env.archive import write_atomically
from selflearn_env.datasets import ONLINE_RETAIL

WHOLE = "all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument(
        "--products",
        nargs="+",
        type=number_or_all,
        metavar="COUNT",
        default=[20, 100, 1000, WHOLE],
        help=f"sizes of catalogues, each of the embedded log's best sellers; or {WHOLE}, the whole shop",
    )
    parser.add_argument(
        "--slate-sizes",
        nargs="+",
        type=positive,
        help="products per slate of each; by default 3 of less than 100 products, 5 of less than 1,000, else 10",
    )
    add_shop_argument(parser)
    parser.add_argument(
        "--visits", nargs="+", type=positive, default=[1000, 10_000, 100_000], help="sizes of logs, in visits"
    )
    parser.add_argument(
        "--logs",
        nargs="+",
        type=positive,
        default=[400],
        help="logs of each kind, of small catalogues: one number, or one for each of --visits",
    )
    parser.add_argument("--whole-logs", nargs="+", type=positive, default=[50], help=f"the same, of {WHOLE}")
    for flag, known, what in (
        ("--customer-models", ALL, "customer models"),
        ("--logging", LOGGING, "logging policies"),
        ("--targets", TARGETS, "policies to be judged"),
        ("--estimators", ESTIMATORS, "which to judge them with"),
    ):
        parser.add_argument(flag, nargs="+", choices=known, metavar="NAME", default=list(known), help=what)
    parser.add_argument(
        "--resamples",
        type=natural,
        default=0,
        help="samples of the bootstrap, which takes most of the time; 0 for none",
    )
    parser.add_argument("--seed", type=seed, default=0, help="seed of the logs")
    parser.add_argument(
        "--jobs", type=jobs, default=os.cpu_count() or 1, help="pieces side by side; by default one per core"
    )
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Judges, writes."""
    sizes = options.slate_sizes or [_slate_size(products) for products in options.products]
    if len(options.products) != len(sizes):
        raise ValueError(
            f"--slate-sizes has one number for each of --products, got {len(sizes)} for {len(options.products)}"
        )
    if options.shop is not None and options.products != [WHOLE]:
        raise ValueError(f"--shop is studied as it is: add --products {WHOLE}")
    out = folder(options.out)
    kept = folder(out / "kept")
    design = Design(
        catalogues=tuple(
            _catalogue(products, size, options, kept) for products, size in zip(options.products, sizes, strict=True)
        ),
        customers=tuple(options.customer_models),
        logging=tuple(options.logging),
        targets=tuple(options.targets),
        visits=tuple(options.visits),
        estimators=tuple(options.estimators),
        resamples=options.resamples,
        seed=options.seed,
        folder=kept,
    )
    with kept_in(kept), dismissing():
        cells = run_study(design, options.jobs)
    digests = {each.name: each.digest for each in design.catalogues}
    with kept_in(kept), outputs(out, options) as new:
        names = _write(cells, new)
        write_text(new / "manifest.json", manifest(options, shop_digests=digests, cells=len(cells)))
    for name in (*names, "manifest.json"):
        print(out / name)


def _write(cells: pd.DataFrame, out: Path) -> list[str]:
    """All files but the manifest; their names."""
    texts = {"cells.csv": cells.to_csv(index=False), "report.md": report(cells), "cells.md": details(cells)}
    for name, text in texts.items():
        write_text(out / name, text)
    print(f"\n{summary(cells)}")
    names = list(texts)
    for catalogue, some in cells.groupby("catalogue", sort=False):
        for name, measure in MEASURES.items():
            names.append(f"{name}-{catalogue}.png")
            with write_atomically(out / names[-1]) as file:
                save(heat_map(some, measure), file, "png")
    return names


def number_or_all(text: str) -> int | str:
    """An argument that is a number of products, or the whole shop."""
    return WHOLE if text == WHOLE else positive(text)


def _slate_size(products: int | str) -> int:
    """Products per slate, where nothing else is asked for."""
    return 10 if products == WHOLE or int(products) >= 1000 else 5 if int(products) >= 100 else 3


def _catalogue(products: int | str, slate_size: int, options: argparse.Namespace, kept: Path) -> Catalogue:
    """A catalogue, its shop read or built, and written for all processes."""
    is_whole = products == WHOLE
    shop = shop_of(options) if is_whole else Shop.from_transactions(ONLINE_RETAIL, max_products=int(products))
    place = kept / f"shop-{shop.digest[:16]}.npz"
    if not place.is_file():
        shop.save(place)
    logs = _logs("--whole-logs", options.whole_logs, options) if is_whole else _logs("--logs", options.logs, options)
    return Catalogue(str(shop.products), place, shop.digest, slate_size, logs)


def _logs(flag: str, given: list[int], options: argparse.Namespace) -> tuple[int, ...]:
    """How many logs of each size."""
    sizes = len(options.visits)
    if len(given) not in (1, sizes):
        raise ValueError(f"{flag} takes one number, or one for each of the {sizes} --visits, got {len(given)}")
    return tuple(given) * (sizes if len(given) == 1 else 1)
