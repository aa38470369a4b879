"""What the bars show: every visit of every run, whichever process serves it."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from selflearn_agents.evaluation import Plan, World, compare, compare_worlds
from selflearn_agents.evaluation.progress import EVERY, IN_A_LOG, Counter, Left, Progress

ENV = "selflearn/Retail-v0"
NAMES = ["random", "popular", "epsilon_greedy"]
OPTIONS = {"slate_size": 3}


@pytest.fixture
def worlds(tiny_shop):
    options = {"shop": tiny_shop, **OPTIONS}
    return [World("independent", ENV, 120, options), World("logit", ENV, 60, {**options, "customer": "logit"})]


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_progress_counts_the_visits_of_all_runs(jobs, worlds, monkeypatch, capsys, tmp_path):
    counted = []
    ended = Progress.__exit__

    def look(self, *why):
        counted.append(self._counts.tolist())
        ended(self, *why)

    monkeypatch.setattr(Progress, "__exit__", look)
    compare_worlds(Plan(NAMES[:2], worlds, 2, batch=7, progress=True, jobs=jobs, keep=tmp_path))
    assert [sorted(counts) for counts in counted] == [[60] * 4 + [120] * 4]  # side by side the longest are first
    drawn = capsys.readouterr().err
    assert "720/720" in drawn
    assert "visits/s" in drawn
    compare_worlds(Plan(NAMES[:3], worlds, 2, batch=7, progress=True, jobs=jobs, keep=tmp_path))
    assert counted[1:] == [[120] * 2 + [60] * 2]
    assert f"8 of 12 runs are kept from before in {tmp_path}" in capsys.readouterr().out


def test_nothing_is_drawn_where_no_bars_are_wanted(tiny_shop, tmp_path, capsys):
    for _ in range(2):
        compare(["random"], ENV, 50, 1, progress=False, keep=tmp_path, shop=tiny_shop, **OPTIONS)
    assert capsys.readouterr() == ("", "")


def test_a_counter_counts_in_its_place(tmp_path):
    with Progress(["a", "b", "c"], [10, 20, 30], False, [0.0] * 3) as bars:
        counters = [bars.counter(run).start() for run in range(3)]
        for counter, visits in ((counters[0], 3), (counters[2], 5), (counters[0], 4)):
            counter(visits)
        assert bars._counts.tolist() == [7, 0, 5]
        bars.counter(0).start()  # a run that begins again
        assert bars._counts.tolist() == [0, 0, 5]
    far = Counter(tmp_path / "of another machine", 2).start()
    far(5)
    assert not list(tmp_path.iterdir())


def test_each_run_under_way_has_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with Progress(["first", "second", "third"], [10, 20, 30], True, [0.0] * 3) as bars:
        bars._counts[:] = [10, 5, 30]
        bars._look()
        assert list(bars._bars) == [1]
        bars._counts[:] = [10, 20, 30]
        bars._look()
        assert bars._bars == {}
    drawn = capsys.readouterr().err
    assert "second" in drawn
    assert "first" not in drawn
    assert "60/60" in drawn


def test_in_a_log_there_are_few_lines(capsys):
    with Progress(["first", "second"], [10, 20], True, [0.0] * 2) as bars:
        for visits in range(5):
            bars._counts[:] = visits
            bars._look()
        bars._drawn -= IN_A_LOG
        bars._look()
        bars._counts[:] = [10, 20]
    drawn = capsys.readouterr().err
    shown = [text for text in ("0/30", "2/30", "4/30", "6/30", "8/30", "30/30") if f" {text} [" in drawn]
    assert shown == ["0/30", "8/30", "30/30"]
    assert "0/30 [00:00<?" in drawn  # nothing is known of what is left


@pytest.mark.parametrize("speed", [[30_000, 30_000, 20_000, 3_000], [3_000, 20_000, 30_000, 30_000]])
@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_left_is_known_within_a_factor_of_two(speed, jobs):
    """From a fifth of the time on, with agents of different speed, foreseen up to a half wrong."""
    visits, served = np.full(4, 50_000), np.zeros(4)
    left, said, time = Left(visits, [1.5 / speed[0], 0.7 / speed[1], 1 / speed[2], 1.5 / speed[3]], jobs), [], 0.0
    while (served < visits).any():
        time += EVERY
        for run in np.flatnonzero(served < visits)[:jobs]:
            served[run] = min(served[run] + speed[run] * EVERY, visits[run])
        said.append((time, left.look(served.astype(np.int64), time)))
    late = [(found, time - now) for now, found in said if 0.2 * time <= now < time]
    assert len(late) > 20
    assert all(0.5 * true - EVERY <= found <= 2 * true for found, true in late)
    assert said[-1][1] == 0.0


@pytest.mark.parametrize(("beside", "speed"), [(2.0, 4_000), (2.0, 100_000), (0.0, 2_000)])
def test_what_short_runs_take_beside_their_visits_counts(beside, speed):
    """Twelve runs of two workers, which make ready for so many seconds before each."""
    visits, jobs = np.full(12, 4_000), 2
    ready = np.repeat(np.arange(6), 2) * (beside + max(EVERY, 4_000 / speed)) + beside
    left, said, end = Left(visits, [0.0] * 12, jobs), [], ready[-1] + max(EVERY, 4_000 / speed)
    for time in np.arange(EVERY, end, EVERY):
        served = np.clip((time - ready) * speed, 0, visits).astype(np.int64)
        said.append((left.look(served, time), end - time))
    assert np.isnan(said[0][0]) == (beside > 0)
    late = said[len(said) // 4 :]
    assert all(0.5 * true - 1 <= found <= 2 * true + 1 for found, true in late)
