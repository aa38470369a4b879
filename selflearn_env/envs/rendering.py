"""Pictures and texts of a visit, from its frame."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, cast
from unicodedata import combining, east_asian_width, normalize

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.rewards import BOUGHT, CLICKED, IGNORED
from selflearn_env.envs.frames import Frame, Life
from selflearn_env.shop.shop import Shop

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

RENDER_MODES = ("ansi", "rgb_array")
WORDS = {IGNORED: "ignored", CLICKED: "clicked", BOUGHT: "bought"}
MARKS = {IGNORED: " ", CLICKED: "?", BOUGHT: "*"}
TITLE, NAME, NUMBER = 76, 40, 13  # columns of a text

# Of a row, of the ground of its word, and of the word: told apart without red and green, and by their brightness alone.
INK, PAPER, MUTED = (33, 37, 41), (255, 255, 255), (95, 102, 109)
PALE = {IGNORED: (246, 247, 248), CLICKED: (253, 240, 208), BOUGHT: (209, 229, 243)}
STRONG = {IGNORED: (226, 230, 234), CLICKED: (240, 173, 40), BOUGHT: (0, 96, 160)}
ON_STRONG = {IGNORED: MUTED, CLICKED: INK, BOUGHT: PAPER}
# Pixels, all even: encoders of video want even sides.
WIDTH, MARGIN, HEADING, LINE, ROW, GAP = 640, 16, 34, 24, 28, 4
SLOT, CHIP, REWARD, PAD = 26, 76, 100, 10
RADIUS, LARGE, SMALL = 5, 20, 14


class _Words(NamedTuple):
    """What a frame says in both modes; the last three say nothing where an episode is one visit."""

    segment: str
    date: str
    rows: list[tuple[str, int, str]]  # name, response, reward
    responses: str
    reward: str
    visit: str
    next_visit: str
    earned: str


def check_render_mode(render_mode: str | None) -> str | None:
    """The render mode, or ValueError where it is unknown."""
    if render_mode is not None and render_mode not in RENDER_MODES:
        raise ValueError(f"unknown render_mode {render_mode!r}; known: {', '.join(RENDER_MODES)}")
    return render_mode


def draw(shop: Shop, slate_size: int, frame: Frame, render_mode: str) -> str | NDArray[np.uint8]:
    """A text or an image of a visit, and of the slate that it was shown.

    Args:
        shop: whose states and products are named.
        slate_size: products per slate, n.
        frame: the visit.
        render_mode: "ansi" or "rgb_array".

    Returns:
        A text, or an RGB image (height, width, 3) uint8. Its size follows from the slate size and from whether episodes
        are customers' lives, not from what is shown. Its font has Latin letters only: accents are left out, and other
        letters are boxes.
    """
    if render_mode == "ansi":
        return _text(_words_of(shop, frame, _in_one_line))
    return _image(slate_size, _words_of(shop, frame, _without_accents))


def _words_of(shop: Shop, frame: Frame, spelled: Callable[[str], str]) -> _Words:
    states, shown, life = shop.states, frame.shown, frame.life
    segment = states.tiers[0].labels[states.decode([frame.state])[0, 0]]
    date = states.describe(frame.state).removeprefix(segment)
    rows, responses, reward = [], "waits for a slate", ""
    if shown is not None:
        names = map(spelled, shop.catalogue.descriptions[shown.slate].tolist())
        rows = list(zip(names, shown.response.tolist(), map(_number, shown.item_reward.tolist()), strict=True))
        counts = np.bincount(shown.response, minlength=len(WORDS))
        responses = ", ".join(f"{counts[code]} {WORDS[code]}" for code in (BOUGHT, CLICKED, IGNORED))
        reward = _number(shown.reward)
    visit = "" if life is None else _visit(life)
    next_visit = "" if life is None or shown is None else _next_visit(life)
    earned = "" if life is None else _number(life.earned)
    return _Words(spelled(segment), date, rows, responses, reward, visit, next_visit, earned)


def _visit(life: Life) -> str:
    if not life.visits:
        return "first visit"
    since = f"{_days(life.days_since)} after" if life.days_since else "on the day of"
    return f"visit {life.visits + 1}, {since} the last"


def _next_visit(life: Life) -> str:
    if life.left:
        return "leaves for good"
    if life.cut:
        return "still a customer when the calendar ends"
    return f"comes back after {_days(life.days_to_next)}" if life.days_to_next else "comes back on the same day"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _number(value: float) -> str:
    return f"{value + 0.0:.6g}"  # + 0.0: a zero has no sign


def _in_one_line(text: str) -> str:
    """A name without what breaks a line, or moves the cursor of a terminal."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())


def _without_accents(text: str) -> str:
    return "".join(each for each in normalize("NFKD", _in_one_line(text)) if not combining(each))


def _cut(text: str, room: float, width: Callable[[str], float]) -> str:
    """The text, or as much of its beginning as there is room for with an ellipsis."""
    if width(text) <= room:
        return text
    kept = bisect_right(range(1, len(text)), room, key=lambda length: width(text[:length] + "…"))
    return text[:kept].rstrip() + "…"


def _title(words: _Words, room: float, width: Callable[[str], float]) -> str:
    """The segment and the date; a long name of the segment is cut, and not the date behind it."""
    return _cut(words.segment, room - width(words.date), width) + words.date


def _columns(text: str) -> int:
    """Columns of a terminal that a text takes: letters of East Asia take two, an accent by itself takes none."""
    return sum(0 if combining(each) else 1 + (east_asian_width(each) in "FW") for each in text)


def _text(words: _Words) -> str:
    lines = [_title(words, TITLE, _columns)]
    if words.visit:
        lines.append(words.visit)
    for slot, (name, response, reward) in enumerate(words.rows, start=1):
        name = _cut(name, NAME, _columns)
        padding = " " * (NAME - _columns(name))
        lines.append(f"{MARKS[response]} {slot:>2}. {name}{padding} {WORDS[response]:<8}{reward:>{NUMBER}}")
    lines.append(f"{words.responses}: reward {words.reward}" if words.reward else words.responses)
    if words.earned:
        lines.append(", ".join(filter(None, [words.next_visit, f"return so far {words.earned}"])))
    return "\n".join(lines) + "\n"


def _image(slate_size: int, words: _Words) -> NDArray[np.uint8]:
    from PIL import Image, ImageDraw  # only pictures need it

    lasting = bool(words.visit)
    height = 2 * MARGIN + HEADING + ROW * slate_size + LINE * (3 if lasting else 1)
    image = Image.new("RGB", (WIDTH, height), PAPER)
    pen = ImageDraw.Draw(image)
    large, small = _font(LARGE), _font(SMALL)
    right, top = WIDTH - MARGIN, MARGIN

    pen.text((MARGIN, top), _title(words, right - MARGIN, large.getlength), INK, large)
    top += HEADING
    if lasting:
        pen.text((MARGIN, top), words.visit, MUTED, small)
        top += LINE
    for slot in range(slate_size):
        name, response, reward = words.rows[slot] if words.rows else ("", IGNORED, "")
        middle, bottom = top + (ROW - GAP) // 2, top + ROW - GAP - 1
        pen.rounded_rectangle((MARGIN, top, right - 1, bottom), RADIUS, PALE[response])
        pen.text((MARGIN + SLOT, middle), f"{slot + 1}", MUTED, small, "rm")
        if words.rows:
            begin, chip = MARGIN + SLOT + PAD, right - REWARD - CHIP
            pen.text((begin, middle), _cut(name, chip - PAD - begin, small.getlength), INK, small, "lm")
            pen.rounded_rectangle((chip, top, chip + CHIP - 1, bottom), RADIUS, STRONG[response])
            pen.text((chip + CHIP // 2, middle), WORDS[response], ON_STRONG[response], small, "mm")
            pen.text((right - PAD, middle), reward, INK, small, "rm")
        top += ROW
    for said, what, number in (
        (words.responses, "reward", words.reward),
        (words.next_visit, "return so far", words.earned),
    ):
        top += LINE
        pen.text((MARGIN, top - LINE // 2), said, MUTED, small, "lm")
        if number:
            pen.text((right - REWARD, top - LINE // 2), what, MUTED, small, "rm")
            pen.text((right - PAD, top - LINE // 2), number, INK, small, "rm")
    return np.asarray(image).copy()


@cache  # it takes longer to load than a picture to draw
def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    return cast("FreeTypeFont", ImageFont.load_default(size))
