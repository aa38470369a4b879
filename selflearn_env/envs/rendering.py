"""Pictures of a visit: whose it was, what was shown, what was bought and clicked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.rewards import BOUGHT, CLICKED, IGNORED
from selflearn_env.shop.shop import Shop

RENDER_MODES = ("ansi", "rgb_array")
WORDS = {IGNORED: "ignored", CLICKED: "clicked", BOUGHT: "bought"}
MARKS = {IGNORED: " ", CLICKED: "?", BOUGHT: "*"}
INK, PAPER, MUTED = (33, 37, 41), (255, 255, 255), (134, 142, 150)
FILLS = {IGNORED: (241, 243, 245), CLICKED: (255, 236, 153), BOUGHT: (178, 242, 187)}
WIDTH, ROW, MARGIN, TEXT = 560, 30, 12, 40  # pixels, and characters of a description


class Shown(NamedTuple):
    """A slate that was shown, and to which state."""

    slate: NDArray[np.int64]  # (n,)
    response: NDArray[np.int8]  # (n,)
    state: int


def check_render_mode(render_mode: str | None) -> str | None:
    """The render mode, or ValueError where it is unknown."""
    if render_mode is not None and render_mode not in RENDER_MODES:
        raise ValueError(f"unknown render_mode {render_mode!r}; known: {', '.join(RENDER_MODES)}")
    return render_mode


def draw(shop: Shop, state: int, shown: Shown | None, render_mode: str) -> str | NDArray[np.uint8]:
    """A text or an image of the slate just shown, or of the visit that waits for one.

    Args:
        shop: whose states and products are named.
        state: the visit that waits.
        shown: the slate that was shown last, if one was.
        render_mode: "ansi" or "rgb_array".
    """
    title = shop.states.describe(state if shown is None else shown.state)
    rows = [] if shown is None else _rows(shop, shown)
    if render_mode == "ansi":
        lines = [f"{MARKS[response]} {slot:>2}. {text:<{TEXT}} {WORDS[response]}" for slot, text, response in rows]
        return "\n".join([title, *(lines or ["  waits for a slate"])]) + "\n"
    return _image(title, rows)


def _rows(shop: Shop, shown: Shown) -> list[tuple[int, str, int]]:
    names = shop.catalogue.descriptions[shown.slate]
    return [
        (slot, str(name)[:TEXT], int(response))
        for slot, (name, response) in enumerate(zip(names, shown.response, strict=True), start=1)
    ]


def _image(title: str, rows: list[tuple[int, str, int]]) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw, ImageFont  # only pictures need it

    image = Image.new("RGB", (WIDTH, 2 * MARGIN + ROW * (1 + max(len(rows), 1))), PAPER)
    pen = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(18), ImageFont.load_default(14)
    pen.text((MARGIN, MARGIN), title, INK, large)
    top = MARGIN + ROW
    if not rows:
        pen.text((MARGIN, top), "waits for a slate", MUTED, small)
    for slot, text, response in rows:
        pen.rounded_rectangle((MARGIN, top, WIDTH - MARGIN, top + ROW - 4), 5, FILLS[response])
        pen.text((MARGIN + 8, top + 5), f"{slot}", MUTED, small)
        pen.text((MARGIN + 36, top + 5), text, INK, small)
        pen.text((WIDTH - MARGIN - 70, top + 5), WORDS[response], MUTED if response == IGNORED else INK, small)
        top += ROW
    return np.asarray(image).copy()
