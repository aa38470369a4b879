"""The error messages of logs that cannot be read."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

LONGEST = 60  # characters of a cell that a message shows


def quoted(text: str) -> str:
    """A cell or a name in quotes and on one line, cut where it is long."""
    return repr(text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}...")


class LogError(ValueError):
    """Something in a log has several meanings, or none that is known; an option settles which.

    Attributes:
        what: the place and what is wrong there.
        option: the option that settles it.
        example: a value for it; of `columns`, a mapping.
    """

    def __init__(self, what: str, option: str, example: Any):
        super().__init__(what, option, example)
        self.what, self.option, self.example = what, option, example

    def __str__(self) -> str:
        return f"{self.what}. Settle it with {self.option}={self.example!r}"

    def for_command_line(self) -> str:
        """The same for somebody who gave the options on a command line."""
        if isinstance(self.example, Mapping):
            pairs = [shlex.quote(f"{name}={found}") for name, found in self.example.items()]
            return f"{self.what}. Settle it with {' '.join(f'--column {pair}' for pair in pairs)}"
        return f"{self.what}. Settle it with --{self.option.replace('_', '-')} {shlex.quote(str(self.example))}"
