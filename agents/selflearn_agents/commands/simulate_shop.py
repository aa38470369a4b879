"""Lets the simulated customers of a shop visit a service: it shows slates, they respond, it learns."""

from __future__ import annotations

import argparse

from selflearn_agents.commands.arguments import (
    add_environment_arguments,
    add_token_argument,
    positive,
    seed,
    token_of,
    world,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="address of a service, see `selflearn serve`")
    add_token_argument(parser)
    add_environment_arguments(parser)
    parser.add_argument("--customers", type=positive, default=10_000, help="visits to the service")
    parser.add_argument(
        "--batch",
        type=positive,
        default=1,
        help="visits in a request, decided before any of them is learned from; up to 1,000",
    )
    parser.add_argument("--rate", type=positive, help="visits per second, at most; by default as many as can be")
    parser.add_argument("--seed", type=seed, default=0, help="seed of the customers")


def run(options: argparse.Namespace) -> None:
    """Looks whether the service is one of this shop, and lets them come."""
    from selflearn_agents.service.client import Client  # needs the extra
    from selflearn_agents.service.simulated_shop import check_service, simulate

    with Client(options.url, token_of(options)) as client:
        catalogue = client.catalogue()  # says what is amiss before the shop is read
        where = world(options)
        check_service(catalogue, where)
        served = simulate(client, where, options.batch, options.seed, options.rate)
    print(served)
