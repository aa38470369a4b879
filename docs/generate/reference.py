"""The reference: a page for each module that says in `__all__` what is public, and for what those names give."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import selflearn_agents

import selflearn_env
from generate.docstrings import first_line

ROOTS = (selflearn_env, selflearn_agents)
DATASETS = "selflearn_env.datasets"
# Names that need an extra to be imported, and are documented without it: path -> the file of the class.
WITH_EXTRA = {"selflearn_env.wrappers.SB3VecEnv": "wrappers/sb3.py"}
# Classes that nobody imports by name, and everybody meets: what `env.unwrapped` or a public name gives.
MET = {
    "simulator": (
        "The simulator and its visits",
        "What `env.unwrapped` holds: `env.unwrapped.simulator`, `env.unwrapped.visits`.",
        [
            "selflearn_env.core.simulator.Simulator",
            "selflearn_env.core.run.Run",
            "selflearn_env.core.seen.SeenVisits",
            "selflearn_env.core.items.Items",
            "selflearn_env.core.visits.Visits",
            "selflearn_env.core.journey.visits.JourneyVisits",
            "selflearn_env.core.people.visits.PeopleVisits",
            "selflearn_env.core.visits.Outcome",
        ],
    ),
    "shop": (
        "The parts of a shop",
        "What a `Shop` holds: `shop.catalogue`, `shop.history`.",
        ["selflearn_env.shop.history.Catalogue", "selflearn_env.shop.history.History"],
    ),
    "options": (
        "Options",
        "What `gym.make(id, **options)` takes. {doc}`The pages of the environments <../environments/index>` "
        "have them as tables.",
        [
            "selflearn_env.envs.options.Options",
            "selflearn_env.envs.journey_options.JourneyOptions",
            "selflearn_env.envs.people_options.PeopleOptions",
            "selflearn_env.envs.face.Face",
        ],
    ),
}


def public() -> dict[str, list[str]]:
    """Module -> its public names, in the order of the modules' names."""
    found = {}
    for root in ROOTS:
        folder = Path(root.__file__).parent
        for path in sorted(folder.rglob("*.py")):
            module = ".".join([root.__name__, *path.relative_to(folder).with_suffix("").parts]).removesuffix(
                ".__init__"
            )
            names = declared(path)
            if names:
                found[module] = names
    return {DATASETS: own_names(import_module(DATASETS))} | found


def declared(path: Path) -> list[str]:
    """What a module lists in `__all__`; without importing it, since some need libraries that may be missing."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(getattr(each, "id", "") == "__all__" for each in node.targets):
            return ast.literal_eval(node.value)
    return []


def own_names(module: ModuleType) -> list[str]:
    """What a module defines, for those without `__all__`: functions, classes and constants without an underscore."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and (getattr(value, "__module__", "") == module.__name__ or name.isupper())
    ]


def pages() -> dict[str, str]:
    """A page for each module, and for what is met."""
    modules = {f"api/{module}.rst": page(module, names) for module, names in public().items()}
    return modules | {f"api/{name}.rst": met(*told) for name, told in MET.items()}


def page(module: str, names: list[str]) -> str:
    """The reference of a module."""
    home = import_module(module)
    values = [getattr(home, name) for name in names]
    summary = "\n".join(
        f"   * - :py:obj:`~{module}.{name}`\n     - {line(value)}" for name, value in zip(names, values, strict=True)
    )
    parts = [
        heading(module),
        first_line(home),
        f".. list-table::\n   :widths: auto\n\n{summary}",
        *(entry(f"{module}.{name}", value) for name, value in zip(names, values, strict=True)),
        *(unimported(path, file) for path, file in WITH_EXTRA.items() if path.rpartition(".")[0] == module),
    ]
    return "\n\n".join(parts) + "\n"


def unimported(path: str, file: str) -> str:
    """The directive of a class that is not imported, with the docstring that its file has."""
    name = path.rpartition(".")[2]
    tree = ast.parse((Path(selflearn_env.__file__).parent / file).read_text(encoding="utf-8"))
    kind = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    start = next(node for node in kind.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    arguments = ", ".join(each.arg for each in start.args.args[1:])
    text = textwrap.indent(
        re.split(r"^Attributes:", ast.get_docstring(kind) or "", flags=re.MULTILINE)[0].strip(), "   "
    )
    text = re.sub(r"\n\n(?= {7})", "\n\n   .. code-block:: python\n\n", text, count=1)
    return f".. py:class:: {path}({arguments})\n\n{text}"


def met(title: str, about: str, paths: list[str]) -> str:
    """The reference of some classes."""
    about = re.sub(r"`([^`<>]+)`", r"``\1``", about).replace("{doc}", ":doc:")
    kinds = [(path, getattr(import_module(path.rpartition(".")[0]), path.rpartition(".")[2])) for path in paths]
    return "\n\n".join([heading(title), about, *(entry(path, kind) for path, kind in kinds)]) + "\n"


def heading(title: str) -> str:
    """A title of a page."""
    return f"{title}\n{'=' * len(title)}"


def line(value: Any) -> str:
    """What a name is, in one line."""
    if inspect.isclass(value) or inspect.isroutine(value):
        return first_line(value)
    return f"{len(value)} names" if isinstance(value, dict) else "a value"


def entry(path: str, value: Any) -> str:
    """The directive that documents a name."""
    if inspect.isclass(value):
        return f".. autoclass:: {path}\n   :members:\n   :inherited-members: {foreign(value)}"
    if inspect.isroutine(value):
        return f".. autofunction:: {path}"
    keys = ", ".join(f"``{key}``" for key in value) if isinstance(value, dict) else ""
    said = f"\n\n   By name: {keys}." if keys else ""
    return f".. py:data:: {path}{said}"


def foreign(kind: type) -> str:
    """The bases whose members are documented elsewhere: those of other packages."""
    return ", ".join(sorted({each.__name__ for each in kind.__mro__ if not each.__module__.startswith("selflearn")}))
