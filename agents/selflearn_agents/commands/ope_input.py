"""What `selflearn ope` is given: a log, its shop, and policies."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from selflearn_agents import load_agent
from selflearn_agents.agent import Agent
from selflearn_agents.commands.arguments import agent, shop_of
from selflearn_agents.evaluation.worlds import NULL
from selflearn_agents.logs import VisitLog
from selflearn_agents.logs.parquet import HEADING
from selflearn_agents.registry import agent_rng
from selflearn_agents.specification import AgentSpec
from selflearn_env import Shop
from selflearn_env.datasets import retail_shop, seed_shop

PARQUET = ".parquet"


def policy(text: str) -> AgentSpec | Path:
    """An argument that names an agent, maybe with hyperparameters, or the file of one."""
    return Path(text) if text.endswith(".npz") else agent(text)


def read(options: argparse.Namespace) -> tuple[VisitLog, Shop]:
    """The log, and the shop in which its products are.

    Raises:
        OSError: there is no such file.
        ValueError: the file is no log, or not of this shop.
    """
    path, columns = options.log, dict(options.column)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    log = VisitLog.from_parquet(path) if is_recorded(path) else None
    if log is not None and columns:
        raise ValueError(f"{path}: --column is for tables of your own; the columns of this log are known")
    shop = shop_of(options) if log is None or options.shop else named_shop(log)
    if log is None:
        log = table_of_own(path, columns, shop)
    if log.slate.max() >= shop.products or log.state.max() >= shop.states.size:
        raise ValueError(
            f"{path}: has product {log.slate.max()} and state {log.state.max()}, but this shop has {shop.products:,} "
            f"products and {shop.states.size:,} states, from 0; name the log's own with --shop"
        )
    return log, shop


def named_shop(log: VisitLog) -> Shop:
    """The shop in which a log was recorded."""
    where = log.env_options.get("shop")
    if where is None:
        return seed_shop() if log.env_id == NULL else retail_shop()
    try:
        return Shop.load(where)
    except FileNotFoundError as error:
        error.add_note("which the log names as its shop; give its place now with --shop")
        raise


def is_recorded(path: Path) -> bool:
    """Whether `VisitLog.to_parquet` wrote the file.

    Raises:
        ValueError: it is called Parquet, and is not.
    """
    try:
        return path.suffix == PARQUET and HEADING in (pq.read_schema(path).metadata or {})
    except ValueError as error:
        raise ValueError(f"{path}: not a Parquet file, or a broken one: {error}") from None


def table_of_own(path: Path, columns: dict[str, str], shop: Shop) -> VisitLog:
    """The log of a table of one's own, in which codes of products and labels of states are text.

    Raises:
        ValueError: it cannot be read, or a column is missing or makes no sense.
    """
    try:
        if path.suffix == PARQUET:
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])  # a code may begin with a zero
        for name in (columns.get(canonical, canonical) for canonical in ("state", "product")):
            if name in frame:
                frame[name] = frame[name].astype(str)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            log = VisitLog.from_frame(
                frame, columns, agent="the shop", catalogue=shop.catalogue.ids, states=shop.states
            )
    except ValueError as error:
        said = str(error).replace("columns={...}", "--column NAME=YOURS")  # as a command is told
        raise ValueError(f"{path}: {said}") from None
    for each in caught:
        print(f"warning: {path}: {each.message}", file=sys.stderr)
    return log


def made(asked: AgentSpec | Path, log: VisitLog, shop: Shop, seed: int) -> Agent:
    """The agent asked for.

    Raises:
        OSError: there is no such file.
        ValueError: it knows more than a shop does, cannot be made, is of another shop or shows slates of another size.
    """
    size = log.slate.shape[1]
    if isinstance(asked, AgentSpec):
        if asked.agent_class.privileged:
            raise ValueError(f"agent {asked.text!r} knows the simulated customers, and a log has none")
        return asked.agent_class(shop.history, size, agent_rng(seed), **asked.hyperparameters)
    found = load_agent(asked)
    if found.privileged:
        raise ValueError(f"{asked}: this agent knows the simulated customers, and a log has none")
    if (found.products, found.states) != (shop.products, shop.states.size):
        raise ValueError(
            f"{asked}: this agent knows {found.products:,} products and {found.states:,} states, but the shop of the "
            f"log has {shop.products:,} and {shop.states.size:,}"
        )
    if found.slate_size != size:
        raise ValueError(f"{asked}: this agent shows slates of {found.slate_size}, but the log has slates of {size}")
    return found
