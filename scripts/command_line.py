"""How the command lines end, and how they write what they made."""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import gymnasium
from selflearn_agents import AGENTS
from selflearn_agents.specification import AgentSpec

from selflearn_env import Shop
from selflearn_env.archive import write_atomically
from selflearn_env.core.simulator import Simulator

MISTAKES = (
    *(ImportError, MemoryError, NotImplementedError, OSError, TypeError, ValueError),
    gymnasium.error.Error,
)  # what a user's input may end in
PACKAGES = ("selflearn-env", "gymnasium", "numpy", "pandas", "pyarrow", "scipy", "matplotlib")

sys.path.append(str(Path.cwd()))  # where modules of one's own are looked for: module:Class


def run(main: Callable[[], None]) -> NoReturn:
    """Runs a command: exit code 0 when it is done, 1 with a one-line reason when it failed; 2 is wrong usage."""
    try:
        main()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(1)
    except MISTAKES as error:
        reason = str(error).split(" was raised from the environment creator")[0]
        print(f"error: {' '.join([*reason.split(), *getattr(error, '__notes__', [])])}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def positive(text: str) -> int:
    """An argument that counts something."""
    number = int(text.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def seed(text: str) -> int:
    """An argument that seeds a generator."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, got {number}")
    return number


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


def add_environment_arguments(parser: argparse.ArgumentParser, env: str = "selflearn/Retail-v0") -> None:
    """The arguments that say which environment it is."""
    parser.add_argument("--env", default=env, help="id of the environment")
    parser.add_argument("--shop", type=Path, help="a shop from build_shop.py; by default the embedded log's")
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
    """The arguments of every command that lets agents serve customers."""
    add_environment_arguments(parser)
    parser.add_argument("--customers", type=positive, default=100_000, help="visits to serve, per agent and seed")
    parser.add_argument(
        "--batch", type=positive, default=1, help="visits decided before their feedback is learned from"
    )
    parser.add_argument("--out", type=place, required=True, help="folder to write to")


def agent(text: str) -> AgentSpec:
    """An argument that names an agent, maybe with hyperparameters."""
    try:
        return AgentSpec.parse(text)
    except (TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


AGENT_HELP = (
    f"{', '.join(AGENTS)}, or one of your own as module:Class; hyperparameters in brackets, in quotes of the shell: "
    "\"ucb(kind='ucb1', scale=0.2)\""
)


def environment(options: argparse.Namespace) -> tuple[dict[str, Any], Shop, Simulator]:
    """The options of the environment asked for, its shop and its simulator; prints the report of the shop.

    Raises:
        ValueError: an option is given that the command has another way to say.
    """
    own = [name for name, _ in options.option if name in ("shop", "slate_size")]
    if own:
        raise ValueError(f"--option {own[0]}=... has a flag of its own; see --help")
    given = {name: as_json(value) for name, value in options.option}
    env_options: dict[str, Any] = {"slate_size": options.slate_size, **given}
    if options.shop is not None:
        env_options["shop"] = Shop.load(options.shop)
    env = gymnasium.make(options.env, **env_options).unwrapped
    shop, simulator = env.shop, env.simulator  # type: ignore[attr-defined]
    print(shop.report)
    return {**env_options, "shop": shop}, shop, simulator


def folder(path: Path) -> Path:
    """Makes the folder and sees that it can be written to, before any long work.

    Raises:
        OSError: it cannot.
    """
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path):
        return path


def write_text(path: Path, text: str) -> None:
    """Writes a text whole or not at all."""
    with write_atomically(path) as file:
        file.write(text.encode("utf-8"))


def options_text(options: argparse.Namespace) -> str:
    """The environment and its options, as a heading."""
    return ", ".join([options.env, *(f"{name}={value}" for name, value in options.option)])


def versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    return {name: version(name) for name in PACKAGES}


def manifest(options: argparse.Namespace, **figures: Any) -> str:
    """What made a result: versions, machine, time and options, and the figures that came out; as JSON."""
    content = {
        "command": Path(sys.argv[0]).name,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
        "versions": versions(),
        "options": {name: str(value) if isinstance(value, Path) else value for name, value in vars(options).items()},
        **figures,
    }
    return json.dumps(_finite(content), indent=2, default=str, allow_nan=False) + "\n"


def _finite(content: Any) -> Any:
    """The content with null for numbers that are none: JSON has no word for them."""
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
