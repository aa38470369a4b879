"""The list of agents and of learners, made from their classes."""

from __future__ import annotations

import inspect
import re

from selflearn_agents import AGENTS, Agent
from selflearn_agents.offline import LEARNERS

from generate.docstrings import entries, first_line, shown, table

FLAGS = {
    "privileged": "**privileged**: knows what no real agent could",
    "knows_customers": "knows customers: reads the visits, with each customer's record",
    "sure": "draws nothing: equal visits get equal slates until it learns",
}


def pages() -> dict[str, str]:
    """The page of the agents."""
    parts = [
        "# List of agents",
        "Each name makes an agent: `make_agent(name, history=shop.history, **hyperparameters)`. On a command line "
        'hyperparameters stand in brackets: `--agent "epsilon_greedy(epsilon=0.05)"`. {doc}`agents` says which one '
        "to take.",
        table(["name", "what it does", "notes"], map(row, AGENTS.items())),
        "## One by one",
        *(section(name, kind) for name, kind in AGENTS.items()),
        "## Learners from logs",
        "Each name makes a learner: `selflearn_agents.offline.make_learner(name, history=shop.history)`, or "
        "`selflearn learn LOG --learner NAME`. It learns from a log of visits, and "
        "is an agent like the others from then on.",
        *(section(name, kind) for name, kind in LEARNERS.items()),
    ]
    return {"agents_list.md": "\n\n".join(parts) + "\n"}


def row(named: tuple[str, type[Agent]]) -> list[str]:
    """An agent in the table of all."""
    name, kind = named
    notes = [
        "knows customers" if kind.knows_customers else "",
        "{term}`privileged`" if kind.privileged else "",
        f"needs `[{kind.extra}]`" if kind.extra else "",
    ]
    return [f"[`{name}`](#agent-{name})", marked(first_line(kind)), ", ".join(filter(None, notes))]


def section(name: str, kind: type[Agent]) -> str:
    """An agent by itself: its flags, its hyperparameters, and what its class says."""
    said = [text for flag, text in FLAGS.items() if getattr(kind, flag)]
    if kind.extra:
        said.append(f'needs `pip install "selflearn-env[{kind.extra}]"`')
    if kind.unsaved:
        said.append(f"cannot be saved: {kind.unsaved}")
    path = f"{kind.__module__}.{kind.__qualname__}"
    parts = [
        f"(agent-{name})=\n### `{name}`",
        "\n".join(f"- {text}" for text in said),
        hyperparameter_table(kind) if kind.hyperparameters() else "No hyperparameters.",
        f"```{{eval-rst}}\n.. autoclass:: {path}\n   :no-members:\n   :class-doc-from: class\n```",
    ]
    return "\n\n".join(part for part in parts if part)


def hyperparameter_table(kind: type[Agent]) -> str:
    """The hyperparameters of an agent, with defaults and meanings.

    Raises:
        KeyError: the docstring of its constructor does not describe one.
    """
    parameters, meaning = inspect.signature(kind).parameters, described(kind)
    rows = []
    for name in kind.hyperparameters():
        default = parameters[name].default
        rows.append(
            [f"`{name}`", "required" if default is inspect.Parameter.empty else shown(default), marked(meaning[name])]
        )
    return table(["hyperparameter", "default", "meaning"], rows)


def marked(text: str) -> str:
    """The text with a source behind each decimal number, as every text of the documentation has it."""
    parts = text.split("`")  # those at odd places are code
    parts[::2] = [re.sub(r"\d+\.\d+(?!\.)", r"\g<0><!-- given: the docstring -->", part) for part in parts[::2]]
    return "`".join(parts)


def described(kind: type[Agent]) -> dict[str, str]:
    """What the constructors of a class, and of those that it extends, say of their arguments."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if "__init__" in vars(each):
            found |= entries(each.__init__, "Args")
    return found
