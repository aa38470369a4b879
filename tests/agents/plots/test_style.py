"""Every agent has one look everywhere, and what is written beside lines can be read."""

import io
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from selflearn_agents import AGENTS
from selflearn_agents.plots.looks import LOOKS, OTHERS, PURPLE, look_of, wrapped
from selflearn_agents.plots.style import SMALL, figure, label_lines, logarithmic, plain, save, spread

NAMES = [*list(AGENTS)[:12], "epsilon_greedy(epsilon=0.05)", "my_package.deep:DoubleQ", "oracle (privileged)"]


def drawn(names, height=3.2, scale="linear"):
    made, axes = figure("one of them leads, and this sentence is long enough for two lines", "seeds", height=height)
    axes = axes[0, 0]
    if scale == "log":
        logarithmic(axes, "y")
    rng = np.random.default_rng(3)
    curves = {name: np.linspace(1, 2 + 0.2 * rng.random(), 9) for name in names}
    for curve in curves.values():
        axes.plot(curve)
    axes.set_xlim(0, 8)
    label_lines(axes, {name: (8, curve[-1]) for name, curve in curves.items()})
    made.draw_without_rendering()
    return made, axes


def test_every_registered_agent_has_a_look_of_its_own():
    assert set(AGENTS) <= set(LOOKS), "an agent without a look: give it a free place in TABLE"
    looks = [LOOKS[name] for name in AGENTS]
    assert len(set(looks)) == len(looks)
    assert len({(look.colour, look.line) for look in looks}) == len(looks)
    assert len({(look.colour, look.marker) for look in looks}) == len(looks)


def test_a_look_depends_on_the_name_alone():
    assert look_of("oracle (privileged)") == look_of("oracle")
    assert look_of("my.module:Agent") == (PURPLE, *OTHERS[1])  # in any process
    looks = {look_of(f"epsilon_greedy(epsilon={epsilon / 100})") for epsilon in range(100)}
    assert len(looks) > 25
    assert not {look.line for look in looks} & {look.line for look in LOOKS.values()}


@pytest.mark.parametrize(
    ("names", "scale"), [(NAMES, "linear"), (NAMES, "log"), (NAMES[:2], "linear"), (NAMES[:1], "log")]
)
def test_labels_cover_neither_each_other_nor_the_edge(names, scale):
    made, axes = drawn(names, scale=scale)
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == len(names)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    right, top = made.bbox.x1, made.texts[-1].get_window_extent().y0
    assert all(box.x1 <= right and box.y0 >= 0 and box.y1 <= top for box in boxes)
    assert axes.get_xlim() == (0, 8)


def test_the_headline_stays_inside_and_above():
    made, axes = drawn(NAMES, height=2.0)
    title, detail = (text.get_window_extent() for text in made.texts)
    assert title.x1 <= made.bbox.x1
    assert title.y1 <= made.bbox.y1
    assert axes.get_tightbbox().y1 <= detail.y0 < detail.y1 <= title.y0
    assert "\n" in made.texts[0].get_text()


def test_places_are_moved_as_little_as_possible():
    assert spread(np.array([0.2, 0.8]), np.array([0.1, 0.1])) == pytest.approx([0.2, 0.8])
    assert spread(np.array([0.5, 0.5]), np.array([0.1, 0.3])) == pytest.approx([0.4, 0.6])
    assert spread(np.array([0.99, -3.0]), np.array([0.2, 0.2])) == pytest.approx([0.9, 0.1])


def test_an_svg_is_the_same_whenever_written_and_keeps_its_text():
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        save(drawn(NAMES[:3])[0], file, "svg")
    assert files[0].getvalue() == files[1].getvalue()
    assert b">popular_by_segment<" not in files[0].getvalue()
    assert b">bestsellers<" in files[0].getvalue()
    assert mpl.rcParams["svg.fonttype"] == "path"


def test_letters_can_be_read_on_a_telephone():
    made, axes = drawn(NAMES[:3])
    made.draw_without_rendering()
    texts = [*made.texts, *axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label]
    assert min(text.get_fontsize() for text in texts) >= SMALL
    assert made.get_figwidth() * 72 <= 432  # 390 pixels make 8 points of 9


def test_numbers_and_names_are_written_plainly():
    assert [plain(value) for value in (100_000.0, 0.05, 0.1 + 0.2, 0.0, -2.5)] == [
        "100,000",
        "0.05",
        "0.3",
        "0",
        "-2.5",
    ]
    assert wrapped("epsilon_greedy(epsilon=0.05)") == "epsilon_greedy\n(epsilon=0.05)"
    assert wrapped("popular") == "popular"
    assert wrapped("popular_by_segment", 12) == "popular_by_segment"
    assert wrapped(f"a {'long' * 10}", 11) == "a\nlonglonglon\nglonglonglo\nnglonglongl\nonglong"
