"""Finds a command by its name, runs it, and ends it with an exit code."""

from __future__ import annotations

import argparse
import difflib
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import NoReturn

from selflearn_agents.commands.helps import HelpFormatter

COMMANDS = {  # name -> its module, and what it does
    "build": ("build", "build a shop from a transaction log"),
    "check": ("check", "say whether to trust a shop's simulated customers"),
    "check-lives": ("check_lives", "compare simulated lives with those in the log"),
    "train": ("train", "let one agent serve visits and learn; keep the agent and its curve"),
    "compare": ("compare", "compare agents on the same visits; tables, pictures, a report"),
    "learn": ("learn", "let an agent learn from a log of visits, and keep it"),
    "ope": ("ope", "say what another policy would have earned, by a log of visits"),
    "lives": ("lives", "compare agents by what a customer is worth over a life"),
    "watch": ("watch", "make a film of a customer's life with an agent"),
    "serve": ("serve", "let an agent serve a shop's own customers over HTTP, and keep it in a store"),
    "simulate-shop": ("simulate_shop", "let the simulated customers of a shop visit a service"),
    "store": ("store", "show what a store keeps; import and export values in the article's layout"),
    "make-log": ("make_log", "make a transaction log of any size from a shop"),
    "bound": ("bound", "show how well learners do that are told a part of the truth"),
    "ope-lives": ("ope_lives", "show how soon off-policy estimates of customers' lives fail"),
    "drift": ("drift", "show how changing preferences (drift) affect learning"),
    "learning-study": ("learning_study", "measure how good the learners from logs are, against the exact truth"),
    "ope-study": ("ope_study", "measure how good the off-policy estimators are, against the exact truth"),
    "bench": ("bench", "the open benchmark: how good agents are, in a table that others can join"),
    "benchmark": ("benchmark", "measure how fast this package is on this machine, and its memory"),
}


def main() -> NoReturn:
    """The command `selflearn`: its first argument names what is to be done."""
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help"):
        print(_summary())
        sys.exit(0 if sys.argv[1:] else 2)
    if name == "--version":
        print(f"selflearn {version('selflearn-env')}")
        sys.exit(0)
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else ""
        print(f"error: unknown command {name!r}{meant}; known: {', '.join(COMMANDS)}", file=sys.stderr)
        sys.exit(2)
    run(name, f"selflearn {name}", arguments)


@contextmanager
def stopping() -> Iterator[list[int]]:
    """Turns Ctrl-C, and other signals that ask a process to end, into a `KeyboardInterrupt` within the block.

    A second signal ends the process at once.

    Yields:
        A list, empty until a signal comes, then with its number.
    """
    stopped: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        stopped.append(number)
        for each in before:
            signal.signal(each, signal.SIG_DFL)
        raise KeyboardInterrupt

    known = [getattr(signal, each) for each in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, each)]
    before = {each: signal.getsignal(each) for each in known if signal.getsignal(each) is not signal.SIG_IGN}
    for each in before:
        signal.signal(each, stop)
    try:
        yield stopped
    finally:
        for each, how in before.items():
            signal.signal(each, how)


def run(name: str, program: str | None = None, arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs a command, and exits: with 0 when it is done, 1 with a one-line reason when it failed, 2 for wrong usage.

    Stopped by a signal, the exit code is the signal's number plus 128: 130 after Ctrl-C.

    Args:
        name: a key of `COMMANDS`.
        program: what the user typed to call it, for its help; by default the script's name.
        arguments: what follows on the command line; by default all of it.
    """
    program = Path(sys.argv[0]).name if program is None else program
    arguments = sys.argv[1:] if arguments is None else arguments
    with stopping() as stopped:
        try:
            command = import_module(f"selflearn_agents.commands.{COMMANDS[name][0]}")
            parser = argparse.ArgumentParser(prog=program, description=command.__doc__, formatter_class=HelpFormatter)
            command.add_arguments(parser)
            parser.set_defaults(command=f"{program} {shlex.join(arguments)}")
            with import_module("selflearn_agents.commands.output").letting_go():
                command.run(parser.parse_args(arguments))
        except KeyboardInterrupt as stop:
            print("; ".join(["\nstopped", *map(str, stop.args)]), file=sys.stderr)
            sys.exit(128 + (stopped or [signal.SIGINT])[0])
        except _mistakes() as error:
            reason = str(error).split(" was raised from the environment creator")[0]
            print(f"error: {' '.join([*reason.split(), *getattr(error, '__notes__', [])])}", file=sys.stderr)
            sys.exit(1)
    sys.exit(0)


def _mistakes() -> tuple[type[Exception], ...]:
    """Errors that a user's input can cause; any other is a fault of this package, and shows its traceback."""
    from gymnasium.error import Error  # slow; only a command needs it

    return ImportError, MemoryError, NotImplementedError, OSError, TypeError, ValueError, Error


def _summary() -> str:
    """What `selflearn --help` says."""
    wide = max(map(len, COMMANDS))
    lines = [f"  {name:<{wide}}  {what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: selflearn COMMAND ...",
            "",
            "Self learning recommendation in a shop made from a transaction log.",
            "",
            *lines,
            "",
            "selflearn COMMAND --help says what each takes, with defaults and units.",
        ]
    )
