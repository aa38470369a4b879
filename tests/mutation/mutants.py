"""Small changes to a source file, each of which some test should notice."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SWAPPED: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
DELETED = (ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Expr)
UNTOUCHED = (ast.Raise, ast.Assert, ast.JoinedStr)  # what they say is text; checks of our own mistakes
TEXT = ("warnings.warn", "print")
HARMLESS = ("strict", "copy", "stacklevel")  # arguments that guard, or save memory or time


@dataclass(frozen=True)
class Mutant:
    """One change of one file: text[start:end], in bytes, becomes `new`; `first` to `last` are the lines that run it."""

    path: Path
    start: int
    end: int
    new: str
    first: int
    last: int
    always: bool  # runs when the module is imported, or is a default

    @cached_property
    def source(self) -> str:
        """The whole file, changed."""
        text = self.path.read_bytes()
        return (text[: self.start] + self.new.encode() + text[self.end :]).decode()

    @cached_property
    def lines(self) -> tuple[str, str]:
        """What is changed and what it becomes, in whole lines without their indentation."""
        text = self.path.read_bytes()
        start = text.rfind(b"\n", 0, self.start) + 1
        end = len(text) if (end := text.find(b"\n", self.end)) < 0 else end
        before, after = text[start:end], text[start : self.start] + self.new.encode() + text[self.end : end]
        return " ".join(before.decode().split()), " ".join(after.decode().split())

    def __str__(self) -> str:
        return f"{self.path.as_posix()}: {self.lines[0]} -> {self.lines[1]}"


def mutants(path: Path) -> list[Mutant]:
    """All mutants of a file, in the order of its text."""
    text = path.read_bytes()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, new, statement, always in _changes(ast.parse(text)):
        first, last = _header(statement)
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        found.append(Mutant(path, start, end, new, first, last, always))
    return sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.new))


def _header(statement: ast.stmt) -> tuple[int, int]:
    """The lines of a statement; of a loop, an `if` and the like those before its body."""
    body = getattr(statement, "body", None)
    return statement.lineno, max(statement.lineno, body[0].lineno - 1) if body else statement.end_lineno


def _changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, ast.stmt, bool]]:
    """Of each change: the node that it replaces, the new text, the statement, whether it runs at the import."""
    waiting: list[tuple[ast.AST, ast.stmt | None, bool]] = [(tree, None, True)]
    while waiting:
        node, statement, always = waiting.pop()
        if isinstance(node, ast.stmt):
            statement = node
        if statement is not None:
            for new in _instead_of(node):
                yield node, new, statement, always
            for test in _conditions(node):
                yield test, f"(not ({ast.unparse(test)}))", statement, always
        waiting += [(child, statement, always and into) for child, into in _parts(node)]


def _parts(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """The parts of a node in which mutants are looked for, and whether they run when the node itself does."""
    if isinstance(node, UNTOUCHED) or _is_text(node):
        return
    if isinstance(node, ast.FunctionDef):
        yield from ((default, True) for default in [*node.args.defaults, *node.args.kw_defaults] if default)
        yield from ((child, False) for child in node.body)
    elif isinstance(node, ast.ClassDef):
        yield from ((child, True) for child in node.body)
    elif isinstance(node, ast.AnnAssign):
        yield from ((node.value, True),) if node.value else ()
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reshape":
        yield node.func, True  # any negative size is that which is left
    elif not (isinstance(node, ast.keyword) and node.arg in HARMLESS):
        yield from ((child, True) for child in ast.iter_child_nodes(node))


def _is_text(node: ast.AST) -> bool:
    """Docstrings, messages, names for type checkers, and what is exported."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or (
            isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in TEXT
        )
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def _conditions(node: ast.AST) -> list[ast.expr]:
    """What decides whether something runs, as far as its negation is no swapped comparison."""
    if isinstance(node, ast.comprehension):
        tests = node.ifs
    else:
        tests = [node.test] if isinstance(node, (ast.If, ast.While, ast.IfExp)) and not _is_text(node) else []
    negated = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot)
    return [
        test
        for test in tests
        if not isinstance(test, ast.UnaryOp)
        and not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], negated))
    ]


def _instead_of(node: ast.AST) -> Iterator[str]:
    """What may stand in the place of a node."""
    if _is_text(node):
        return
    if isinstance(node, DELETED):
        yield "pass"
    elif isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
        yield "return None"
    elif isinstance(node, ast.Assign) and not isinstance(node.targets[0], (ast.Name, ast.Tuple)):
        yield "pass"  # of an element or attribute: a name would be missed at once
    elif isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            changed = copy.deepcopy(node)
            changed.ops[place] = SWAPPED[type(operator)]()
            yield f"({ast.unparse(changed)})"
    elif isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in SWAPPED:
        changed = copy.deepcopy(node)
        changed.op = SWAPPED[type(node.op)]()
        yield f"({ast.unparse(changed)})"
    elif isinstance(node, ast.UnaryOp):
        yield f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        yield repr(not node.value if isinstance(node.value, bool) else node.value + 1)
