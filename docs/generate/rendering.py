"""What Sphinx does with our texts: formulas stay as written, types are short, names and files of our own are links."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils.nodes import Element, Text, TextElement, field
from selflearn_agents import AGENTS
from selflearn_agents.offline import LEARNERS
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.environment import BuildEnvironment

from generate import reference
from generate.project_files import included, relinked

SECTION = re.compile(r"(?:Args|Attributes|Raises|Returns|Yields|Examples?):$")

ARRAY_LIKE = re.compile(r"_?Buffer \| _SupportsArray\[.*?_NestedSequence\[complex \| bytes \| str\]")


def link_files(app: Sphinx, page: str, content: list[str]) -> None:
    """Lets a page of ours link to files beside the documentation, as it does where it is read in the repository."""
    path = Path(app.env.doc2path(page))
    if path.suffix == ".md" and path.parent == Path(app.srcdir):
        for file in included(content[0]):
            app.env.note_dependency(str(file))
        content[0] = relinked(content[0], path.parent)


def keep_formulas(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Makes literal blocks of indented ones, which would flow together as text."""
    result: list[str] = []
    before = ""  # the last line that is not empty
    for number, line in enumerate(lines):
        begins = line.startswith("    ") and number > 0 and not lines[number - 1].strip()
        if begins and before and not before.startswith(" ") and not SECTION.match(before) and not before.endswith("::"):
            result += [".. code-block:: text", ""]
        result.append(line)
        before = line if line.strip() else before
    lines[:] = result


def is_alias(app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leaves out the fields of named tuples: the class has described them."""
    return True if (getattr(thing, "__doc__", None) or "").startswith("Alias for field number") else None


def drop_constructor(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Leaves out what Python says of the constructors of named tuples."""
    lines[:] = [line for line in lines if not line.startswith("Create new instance of ")]


def start_with_prose(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Keeps napoleon from taking the words of a property up to a colon for its type."""
    if what in ("attribute", "property"):
        lines.insert(0, "")


def shorten_attribute_types(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Writes the types that napoleon has added to attributes as the source does."""
    for number, line in enumerate(lines):
        head, colon, written = line.partition(": ")
        if head.lstrip().startswith(":vartype ") and colon:
            lines[number] = f"{head}: {short_type(written)}".replace("_", "\\_")


def name_defaults(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Shows a default that is made anew for each object as three dots; the text says what it is."""
    return (signature and signature.replace("<factory>", "..."), returned)


def shorten_argument_types(app: Sphinx, domain: str, objtype: str, content: Element) -> None:
    """Writes the types that autodoc has added to arguments as the source does."""
    for each in content.findall(field):
        if each[0].astext().split()[0] in ("type", "rtype"):
            for text in list(each[1].findall(Text)):
                text.parent.replace(text, Text(short_type(str(text))))


def short_type(written: str) -> str:
    """A type without the modules of its names, and arrays by their short name."""
    bare = re.sub(r"\b(?:\w+\.)+(?=\w)", "", written.replace("~", ""))
    bare = ARRAY_LIKE.sub("ArrayLike", bare)
    return re.sub(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[(\w+)\]\]", r"NDArray[\1]", bare)


def find_public(app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: TextElement) -> Any:
    """Where a name of our own is documented, whatever module it was imported from."""
    if node.get("refdomain") != "py":
        return None
    path = public_paths().get(node["reftarget"].lstrip(".~"))
    if path is None:
        return None
    python = env.get_domain("py")
    return python.resolve_xref(env, node["refdoc"], app.builder, "obj", path, node, contnode)


def public_paths() -> dict[str, str]:
    """Where each name is documented, by the path of its definition, and by itself where no other has the same name."""
    if not _PATHS:
        full = [f"{module}.{name}" for module, names in reference.public().items() for name in names]
        full += [path for *_, paths in reference.MET.values() for path in paths]
        full += [f"{kind.__module__}.{kind.__qualname__}" for kind in (*AGENTS.values(), *LEARNERS.values())]
        short: dict[str, set[str]] = {}
        for path in full:
            module, _, name = path.rpartition(".")
            value = getattr(import_module(module), name)
            if hasattr(value, "__qualname__"):
                _PATHS.setdefault(f"{value.__module__}.{value.__qualname__}", path)
            short.setdefault(name, set()).add(path)
        _PATHS.update({name: paths.pop() for name, paths in short.items() if len(paths) == 1})
    return _PATHS


_PATHS: dict[str, str] = {}


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", link_files)
    app.connect("autodoc-process-docstring", keep_formulas, priority=400)  # before napoleon
    app.connect("autodoc-process-docstring", start_with_prose, priority=450)
    app.connect("autodoc-process-docstring", shorten_attribute_types, priority=600)  # after napoleon
    app.connect("autodoc-process-docstring", drop_constructor)
    app.connect("autodoc-skip-member", is_alias)
    app.connect("autodoc-process-signature", name_defaults)
    app.connect("object-description-transform", shorten_argument_types, priority=900)  # after autodoc
    app.connect("missing-reference", find_public)
    for each in PyObject.doc_field_types:
        if each.name == "variable":
            each.label = "Attributes"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
