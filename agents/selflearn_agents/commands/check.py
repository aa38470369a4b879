"""Says whether to trust a shop's simulated customers: compares them with its log; writes a page, pictures, figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from selflearn_agents.commands.arguments import add_out_argument, add_shop_argument, positive, seed, shop_of
from selflearn_agents.commands.output import folder, manifest, outputs, write_text
from selflearn_agents.evaluation.shop_check.figures import figures
from selflearn_agents.evaluation.shop_check.findings import find
from selflearn_agents.evaluation.shop_check.persons_text import persons_text
from selflearn_agents.evaluation.shop_check.states_text import states_text
from selflearn_agents.evaluation.shop_check.verdict import verdict
from selflearn_agents.plots.shop import PLOTS
from selflearn_agents.plots.style import save
from selflearn_env.archive import write_atomically


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("path", nargs="?", type=Path, metavar="SHOP", help="the same as --shop SHOP")
    add_shop_argument(parser)
    parser.add_argument("--seed", type=seed, default=0, help="seed of the groups of customers and of all that is drawn")
    parser.add_argument("--slate-size", type=positive, default=10, help="products per slate, where slates are compared")
    add_out_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Compares, writes.

    Raises:
        ValueError: two shops are given.
    """
    if options.path is not None and options.shop is not None:
        raise ValueError(f"two shops are given, {options.path} and --shop {options.shop}: leave out one")
    options.shop = options.shop if options.path is None else options.path
    out = folder(options.out)
    shop = shop_of(options)
    found = find(shop, options.slate_size, options.seed)
    named = figures(found)
    said = verdict(named)
    title = f"# Do the simulated customers resemble the log?\n\n{said}"
    text = "\n".join([title, *persons_text(found), *states_text(shop, found.states, options.slate_size, options.seed)])
    pictures = {name: plot for name, plot in PLOTS.items() if found.known_persons or name != "habits.png"}
    with outputs(out, options) as new:
        write_text(new / "check.md", text)
        write_text(new / "figures.json", json.dumps(named, indent=2) + "\n")
        write_text(new / "manifest.json", manifest(options, shop_digest=shop.digest))
        for name, plot in pictures.items():
            with write_atomically(new / name) as file:
                save(plot(found), file, "png")
    print(text)
    for name in ("check.md", *pictures, "figures.json", "manifest.json"):
        print(out / name)
