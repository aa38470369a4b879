"""The arguments that several commands take, and what they mean."""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path
from typing import Any

from selflearn_agents import AGENTS
from selflearn_agents.evaluation.delay import Delay
from selflearn_agents.evaluation.worlds import NULL, World
from selflearn_agents.specification import AgentSpec
from selflearn_env import Shop
from selflearn_env.datasets import retail_shop

MOST = 2**31 - 1  # of what is counted; beyond it, numbers do not fit where libraries take them
MOST_JOBS = 1_000  # processes, which all begin at once
TOKEN = "SELFLEARN_TOKEN"  # variable of the shell


def positive(text: str) -> int:
    """An argument that counts something."""
    return _whole(text, 1, MOST)


def jobs(text: str) -> int:
    """An argument that says how many processes work side by side."""
    return _whole(text, 1, MOST_JOBS)


def natural(text: str) -> int:
    """An argument that counts something, or nothing."""
    return _whole(text, 0, MOST)


def seed(text: str) -> int:
    """An argument that seeds a generator."""
    return _whole(text, 0)


def _whole(text: str, least: int, most: float = math.inf) -> int:
    number = int(text)
    if number < least:
        raise argparse.ArgumentTypeError(f"must be at least {least}, got {number}")
    if number > most:
        raise argparse.ArgumentTypeError(f"must be at most {most:,}, got {number}")
    return number


def delay(text: str) -> float:
    """An argument that says how many visits later feedback arrives; `delay_of` makes a delay of it."""
    try:
        return Delay(float(text)).mean
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def place(text: str) -> Path:
    """An argument that names a file or folder to write."""
    if not text.strip():
        raise argparse.ArgumentTypeError("names nothing")
    return Path(text)


def pair(text: str) -> tuple[str, str]:
    """An argument NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value


def as_json(text: str) -> Any:
    """The value that a text stands for in JSON, or the text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def add_shop_argument(parser: argparse.ArgumentParser) -> None:
    """The argument that says which shop it is; `shop_of` reads it."""
    parser.add_argument("--shop", type=Path, help="a shop from `selflearn build`; by default the embedded log's")


def shop_of(options: argparse.Namespace) -> Shop:
    """The shop asked for."""
    return retail_shop() if options.shop is None else Shop.load(options.shop)


def add_token_argument(parser: argparse.ArgumentParser) -> None:
    """The argument that says what clients of a service must show; `token_of` reads it."""
    parser.add_argument("--token", help=f"what clients must show as a bearer token; by default ${TOKEN}, if it is set")


def token_of(options: argparse.Namespace) -> str | None:
    """The token asked for, which does not show in lists of processes where the variable has it; None for none."""
    return options.token or os.environ.get(TOKEN) or None


def delay_of(options: argparse.Namespace) -> Delay | None:
    """The delay asked for."""
    return None if options.delay is None else Delay(options.delay)


def add_environment_arguments(parser: argparse.ArgumentParser, env: str = "selflearn/Retail-v0") -> None:
    """The arguments that say which environment it is."""
    parser.add_argument("--env", default=env, help="id of the environment")
    add_shop_argument(parser)
    parser.add_argument("--slate-size", type=positive, default=10, help="products per slate")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=pair,
        help="an option of the environment, its value as text or JSON, such as customer=cascade, contrast=4 or "
        """'drift={"spread": 1}'; may be repeated""",
    )


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of every command that lets agents serve visits."""
    add_environment_arguments(parser)
    parser.add_argument("--customers", type=positive, default=100_000, help="visits to serve, per agent and seed")
    parser.add_argument("--batch", type=positive, default=1, help="visits decided before any of them is learned from")
    parser.add_argument(
        "--delay",
        type=delay,
        metavar="MEAN",
        help="how many visits later the feedback of a visit arrives, on average; drawn for each visit (a geometric "
        "distribution), so that it comes out of order. By default it arrives at once",
    )
    add_out_argument(parser)


def add_column_argument(parser: argparse.ArgumentParser) -> None:
    """The argument that says how a table of visits calls its columns."""
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="NAME=YOURS",
        type=pair,
        help="how a table of your own calls a column, such as slot=position; may be repeated",
    )


def add_out_argument(parser: argparse.ArgumentParser) -> None:
    """The argument that says where the files go."""
    parser.add_argument("--out", type=place, required=True, help="folder to write to")


def agent(text: str) -> AgentSpec:
    """An argument that names an agent, maybe with hyperparameters."""
    try:
        return AgentSpec.parse(text)
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


AGENT_HELP = (
    f"{', '.join(AGENTS)}, one of your own as module:Class, or a saved one as FILE.npz; hyperparameters in brackets, "
    "all of it in quotes: \"ucb(kind='ucb1', scale=0.2)\""
)


def world(options: argparse.Namespace) -> World:
    """The world that is asked for, called by its customer model; prints the report of its shop, which it has.

    Raises:
        ValueError: an option is given that the command has another way to say.
    """
    own = [name for name, _ in options.option if name in ("shop", "slate_size")]
    if own:
        raise ValueError(f"--option {own[0]}=... has a flag of its own; see --help")
    env_options = {"slate_size": options.slate_size} | {name: as_json(value) for name, value in options.option}
    if options.shop is not None:
        env_options["shop"] = Shop.load(options.shop)
    customers = str(env_options.get("customer", "seed" if options.env == NULL else "independent"))
    asked = World(customers, options.env, options.customers, env_options)
    print(asked.shop.report)
    return asked.complete()
