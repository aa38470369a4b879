"""YAML files with known keys; what is wrong with one is said in one line that names the file and the key."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")
WORDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "names and values"}


class Section:
    """Names and values of a file, or of a part of it; each is taken once, and in the end none may be left.

    Attributes:
        place: the file, and the key of the part, for messages.
    """

    def __init__(self, place: str, content: Any):
        """Takes what was read.

        Raises:
            ValueError: it is not names and values.
        """
        if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
            raise ValueError(f"{place}: expected names and values, got {content!r}")
        self.place = place
        self._left = dict(content)
        self._known: list[str] = []

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """The value of a key.

        Args:
            key: its name.
            kind: the type that the value must have.
            default: the value where the key is not there; None where it must be there.

        Raises:
            ValueError: it is not there, empty or of another type.
        """
        self._known.append(key)
        if key not in self._left:
            if default is None:
                raise ValueError(f"{self.place}: {key} is missing ({WORDS[kind]})")
            return default
        value = self._left.pop(key)
        if type(value) is not kind:  # true is no number
            raise ValueError(f"{self.place}: {key} must be {WORDS[kind]}, got {value!r}")
        if kind is str and not value.strip():  # type: ignore[attr-defined]
            raise ValueError(f"{self.place}: {key} is empty")
        return value

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        """The value of a key that must be one of a few texts.

        Raises:
            ValueError: it is another one.
        """
        value = self.take(key, str)
        if value not in known:
            raise ValueError(f"{self.place}: {key} must be one of {', '.join(known)}, got {value!r}")
        return value

    def positive(self, key: str, default: int | None = None) -> int:
        """The value of a key that counts something.

        Raises:
            ValueError: it is no whole number above 0.
        """
        value = self.take(key, int, default)
        if value < 1:
            raise ValueError(f"{self.place}: {key} must be at least 1, got {value}")
        return value

    def part(self, key: str, default: dict[str, Any] | None = None) -> Section:
        """The names and values of a key."""
        return Section(f"{self.place}: {key}", self.take(key, dict, default))

    def parts(self, key: str) -> dict[str, Section]:
        """Named parts, one at least.

        Raises:
            ValueError: there are none.
        """
        named = self.take(key, dict)
        if not named:
            raise ValueError(f"{self.place}: {key} is empty")
        return {name: Section(f"{self.place}: {key}: {name}", content) for name, content in named.items()}

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, one at least.

        Raises:
            ValueError: it is something else.
        """
        values = self.take(key, list)
        if not values or not all(isinstance(value, str) and value.strip() for value in values):
            raise ValueError(f"{self.place}: {key} must be a list of texts, got {values!r}")
        return tuple(values)

    def end(self) -> None:
        """Sees that no key is left.

        Raises:
            ValueError: one is, which nobody knows.
        """
        for key in self._left:
            close = difflib.get_close_matches(key, self._known, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"{self.place}: unknown key {key!r}{meant}; known: {', '.join(self._known)}")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Takes no name twice: YAML would let the last one count."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The names and values of a node.

        Raises:
            ConstructorError: a name is there twice.
        """
        names = [name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
        for at, name in enumerate(names):
            if name in names[:at]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name} is there twice", node.value[at][0].start_mark
                )
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Section:
    """The names and values of a file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no YAML, or no names and values.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # a safe one
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file") from None
    except (yaml.YAMLError, ValueError) as error:  # such as a date in the 13th month
        raise ValueError(f"{path}: no YAML: {' '.join(str(error).split())}") from None
    return Section(str(path), content)
