"""Serves an agent over HTTP: it decides what customers are shown, learns from them, and keeps all in a store."""

from __future__ import annotations

import argparse
import gc
import ipaddress
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from selflearn_agents import AGENTS
from selflearn_agents.agent import Agent
from selflearn_agents.commands.arguments import (
    AGENT_HELP,
    add_shop_argument,
    add_token_argument,
    agent,
    positive,
    seed,
    shop_of,
    token_of,
)
from selflearn_agents.offline import LEARNERS
from selflearn_agents.registry import agent_rng
from selflearn_agents.service.limits import Limits
from selflearn_agents.service.segments import read_segments
from selflearn_agents.specification import AgentSpec
from selflearn_agents.store import open_store
from selflearn_agents.store.kept import KeptAgent
from selflearn_agents.store.names import names_of
from selflearn_agents.store.warming import warm_up
from selflearn_env.plugins import missing_extra
from selflearn_env.shop.shop import Shop

FAREWELL = 8  # seconds that requests under way may take once the service is to stop; longer than bodies may take


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    limits = Limits()
    parser.add_argument("--agent", type=agent, default="hierarchical", help=AGENT_HELP)
    parser.add_argument("--seed", type=seed, default=0, help="seed of the agent")
    add_shop_argument(parser)
    parser.add_argument("--slate-size", type=positive, default=10, help="products per slate")
    parser.add_argument(
        "--customers",
        type=Path,
        help="a CSV of your customers, columns customer and segment; by default those of the shop's log by number",
    )
    parser.add_argument("--store", default="sqlite:///values.db", help="sqlite:///FILE or mongodb://HOST/DATABASE")
    parser.add_argument("--power-safe", action="store_true", help="wait for the disk at each commit; slower")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; by default this machine only")
    parser.add_argument("--port", type=positive, default=8000, help="port to listen on")
    add_token_argument(parser)
    parser.add_argument(
        "--silence",
        type=float,
        default=limits.silence,
        help="seconds after which products without a response count as ignored",
    )
    parser.add_argument("--max-body", type=positive, default=limits.body, help="most bytes of a request")
    parser.add_argument("--max-batch", type=positive, default=limits.batch, help="most visits in a request")
    parser.add_argument("--max-open", type=positive, default=limits.open, help="most visits that wait for feedback")


def run(options: argparse.Namespace) -> None:
    """Recovers the agent, and serves until it is stopped."""
    try:
        import uvicorn

        from selflearn_agents.service.app import make_app
        from selflearn_agents.service.desk import Desk
    except ImportError:
        raise missing_extra("serving needs FastAPI and uvicorn", "serve") from None

    token = token_of(options)
    limits = Limits(options.max_body, options.max_batch, options.max_open, silence=options.silence)
    known = known_agents(options.agent)
    listener = bound(options.host, options.port)
    shop = shop_of(options)
    segments = None if options.customers is None else read_segments(options.customers, shop.states)
    made = [make(options, shop)]  # what cannot be made leaves no store behind
    store = open_store(options.store, power_safe=options.power_safe)
    try:
        kept = KeptAgent(store, identity_of(options, shop), lambda: made.pop() if made else make(options, shop), known)
        warm_up(kept.agent)
        gc.collect()
        gc.freeze()  # what is there now stays: to look through it again would hold up answers
        for line in (*about(options.agent, kept), *_exposed(options.host, token)):
            print(line, file=sys.stderr)
        app = make_app(Desk(options.agent.text, shop, kept, limits, segments), token=token)
        # h11 bounds the headers, which httptools, where it is installed, does not.
        config = uvicorn.Config(
            app, http="h11", log_level="warning", access_log=False, timeout_graceful_shutdown=FAREWELL
        )
        with suppress(KeyboardInterrupt):  # which uvicorn passes on, once it has ended as it should
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        store.close()
        listener.close()


def bound(host: str, port: int) -> socket.socket:
    """A socket at an address, so that one which cannot be had is known before anything is read or written.

    Raises:
        OSError: the address is in use, or none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only where TCP is named does asyncio send answers at once; others wait 40 ms for the client.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        raise OSError(f"cannot listen on port {port} of {host} ({reason}); choose another --port or --host") from None
    return listener


def known_agents(spec: AgentSpec) -> Sequence[type[Agent]]:
    """The classes that a store may hold."""
    return [*AGENTS.values(), *LEARNERS.values(), spec.agent_class]


def make(options: argparse.Namespace, shop: Shop) -> Agent:
    """The agent before its first visit.

    Raises:
        ValueError: it is no agent for real customers, or a hyperparameter or the slate size cannot be used.
    """
    spec = options.agent
    if spec.agent_class.privileged:
        raise ValueError(f"agent {spec.text!r} knows the simulated customers, and cannot serve others")
    return spec.agent_class(shop.history, options.slate_size, agent_rng(options.seed), **spec.hyperparameters)


def identity_of(options: argparse.Namespace, shop: Shop) -> dict[str, Any]:
    """Whose record it is."""
    return {
        "agent": options.agent.text,
        "seed": options.seed,
        "slate_size": options.slate_size,
        "shop": shop.digest,
        "names": names_of(shop),
    }


def about(spec: AgentSpec, kept: KeptAgent) -> list[str]:
    """What to know of the agent that begins to serve."""
    lines = [
        *kept.notes,
        f"{spec.text} in {kept.store.url}: {kept.visits:,} visits decided, {kept.learned:,} learned from",
    ]
    if kept.replayed:
        lines.append(f"{kept.replayed:,} calls since it was last kept were made again")
    if type(kept.agent)._update is Agent._update:
        lines.append(f"{spec.text} does not learn: it shows the same whatever comes of it; feedback is recorded")
    if kept.agent.unsaved is not None:
        lines.append(f"{kept.agent.unsaved}; at the next start it goes through its whole record again")
    return lines


def _exposed(host: str, token: str | None) -> list[str]:
    """A warning where others can reach the service without a token."""
    try:
        is_local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = host == "localhost"
    where = f"http://{host}:"
    return [] if is_local or token else [f"warning: whoever can reach {where} may use the service; give it a --token"]
