"""A film of a customer's life has a frame for each visit."""

import json

import pytest
from PIL import Image

AGENT = ("--agent", "epsilon_greedy", "--slate-size", 3, "--customers", 100)


def film(path):
    with Image.open(path) as image:
        pages = []
        for page in range(image.n_frames):
            image.seek(page)
            pages.append((image.size, image.info["duration"], image.convert("RGB").tobytes()))
    return pages


@pytest.mark.parametrize("visits", [1, 5])
def test_a_film_has_a_frame_for_each_visit_and_one_before(shop, run_here, tmp_path, visits):
    asked = ("--shop", shop, *AGENT, "--option", 'journey={"leave": 0.2, "patience": 1}', "--visits", visits)
    done = run_here("watch", *asked, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    pages = film(tmp_path / "life.gif")
    assert len(pages) == visits + 1
    assert len(set(pages)) == visits + 1
    assert {(size, time) for size, time, _ in pages} == {(pages[0][0], 2_000)}
    said, *files = done.stdout.splitlines()[-3:]
    earned = json.loads((tmp_path / "manifest.json").read_text())["earned"]
    assert said == f"epsilon_greedy: a life of {visits} visits, return {earned:g}"
    assert files == [str(tmp_path / "life.gif"), str(tmp_path / "manifest.json")]
    again = run_here("watch", *asked, "--out", tmp_path / "again")
    assert again.returncode == 0
    assert film(tmp_path / "again" / "life.gif") == pages


def test_where_an_episode_is_one_visit_so_is_the_film(shop, run_here, tmp_path):
    asked = ("--shop", shop, *AGENT, "--env", "selflearn/Retail-v0", "--out", tmp_path)
    done = run_here("watch", *asked)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        "error: none of 200 lives had 10 visits; ask for a usual number by --visits",
    )
    assert not (tmp_path / "life.gif").exists()
    done = run_here("watch", *asked, "--visits", 1)
    assert done.returncode == 0, done.stderr
    assert len(film(tmp_path / "life.gif")) == 2
