"""How each agent is drawn: the same in all pictures, whatever it is compared with."""

from __future__ import annotations

import re
from textwrap import wrap
from typing import Literal, NamedTuple
from zlib import crc32

# The palette of Okabe and Ito, told apart by colour-blind people too: M. Okabe, K. Ito, "Color Universal Design",
# https://jfly.uni-koeln.de/color/, 2008. Their yellow is left out: it is too pale on white.
BLUE, RED, GREEN, ORANGE, PURPLE, SKY = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9"
PALETTE = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY)
INK, GREY, PALE = "#262626", "#6b6b6b", "#b0b0b0"

Line = Literal["-", "--", ""] | tuple[float, tuple[float, ...]]
SOLID: Line = "-"
DASHED, DOTTED, DASH_DOT = (0, (5.0, 2.0)), (0, (1.2, 1.6)), (0, (6.0, 2.0, 1.2, 2.0))
OTHERS: tuple[tuple[Line, str], ...] = (  # lines and markers of agents that are not in the table below
    ((0, (9.0, 2.0)), "v"),
    ((0, (2.5, 1.2)), "X"),
    ((0, (6.0, 1.5, 1.2, 1.5, 1.2, 1.5)), "<"),
    ((0, (9.0, 1.5, 2.5, 1.5)), ">"),
    ((0, (3.0, 1.2, 1.2, 1.2)), "p"),
    ((0, (3.0, 1.2, 3.0, 4.0)), "h"),
)


class Look(NamedTuple):
    """How an agent is drawn.

    Attributes:
        colour: as "#rrggbb".
        line: a line style of matplotlib, which tells equal colours apart.
        marker: a marker of matplotlib, which does so where there are points and no lines.
    """

    colour: str
    line: Line
    marker: str


REFERENCES = {
    "random": Look(GREY, DOTTED, "x"),
    "oracle": Look(INK, DASHED, "*"),
    "optimal": Look(INK, DASHED, "*"),
    "myopic_oracle": Look(GREY, DASH_DOT, "P"),
}
# Each registered agent has a colour and line of its own. Those that are compared most often have the solid lines.
TABLE: dict[tuple[Line, str], tuple[str, ...]] = {
    (SOLID, "o"): ("personal", "hierarchical", "epsilon_greedy", "popular", "patient", "sequence"),
    (DASHED, "s"): ("linear_context", "thompson", "ucb", "popular_by_segment", "gradient", "item_neighbours"),
    (DASH_DOT, "^"): ("mabwiser", "linear_thompson", "linear_ucb", "popular_by_state", "cascade_ucb", "again"),
    (DOTTED, "D"): ("PPO", "", "", "bestsellers", "quantity", ""),
}
LOOKS = REFERENCES | {
    name: Look(colour, line, marker)
    for (line, marker), names in TABLE.items()
    for colour, name in zip(PALETTE, names, strict=True)
    if name
}
LOG, SIMULATED = Look(INK, SOLID, "o"), Look(BLUE, DASHED, "s")  # where a log is beside its simulation


def look_of(name: str) -> Look:
    """The look of an agent, by its name or label alone.

    That of a registered agent with its defaults is fixed. Any other name, such as "epsilon_greedy(epsilon=0.1)", gets
    a colour and a line by its hash, of lines that no registered agent has.

    Args:
        name: as tables print it; a mark such as " (privileged)" makes no difference.
    """
    name = name.partition(" (")[0]
    if name in LOOKS:
        return LOOKS[name]
    line, marker = OTHERS[crc32(name.encode()) % len(OTHERS)]
    return Look(PALETTE[crc32(name[::-1].encode()) % len(PALETTE)], line, marker)


def wrapped(name: str, width: int = 18) -> str:
    """A name in lines of about `width` characters, broken where a reader would; a long word anywhere."""
    lines = [""]
    pieces = re.split(r"(?<=[:/ ])|(?<=,)(?=\D)|(?=\()", name)
    for piece in (part for each in pieces for part in (wrap(each, width) if len(each) > 1.5 * width else [each])):
        if lines[-1] and len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.strip() for line in lines)
