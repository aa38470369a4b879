"""The study of estimates of lives, in small."""

from __future__ import annotations

import pandas as pd
import pytest
from selflearn_agents.ope.lives import study

LOGGED = "gradient(sharpness=2.0)"
OTHERS = (LOGGED, "random", "popular")
VISITS = (1, 3, None)


def test_it_says_how_far_each_is_off(shop, tmp_path, run_here, monkeypatch):
    monkeypatch.setitem(vars(study), "POLICIES", {LOGGED: OTHERS})
    monkeypatch.setitem(vars(study), "VISITS", VISITS)
    small = ("--slate-sizes", 2, "--logs", 2, "--lives", 60, "--true-lives", 400)
    done = run_here("ope-lives", "--shop", shop, *small, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ope_lives.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "ope_lives.md").read_text()
    assert text in done.stdout
    assert sum("popular" in line for line in text.splitlines()) == 13  # tables
    frame = pd.read_csv(tmp_path / "ope_lives.csv")
    assert len(frame) == len(OTHERS) * len(VISITS) * 6  # estimators
    own, other = (frame[frame["target"] == name].set_index(["visits", "estimator"]) for name in (LOGGED, "random"))
    assert own[["met", "foreseen"]].to_numpy() == pytest.approx(60)  # who is judged by its own log
    assert (own["lasts"] == float("inf")).all()
    for name in ("tis", "sn_tis", "pdis", "sn_pdis"):
        assert own.loc[(0, name), "bias"] == pytest.approx(own.loc[(0, "logged mean"), "bias"], abs=1e-9)
    assert other.loc[(0, "tis"), "foreseen"] < other.loc[(1, "tis"), "foreseen"] < 60
    assert other.loc[(1, "tis"), "met"] < 60
    assert other.loc[(1, "tis"), "bias"] == pytest.approx(other.loc[(1, "pdis"), "bias"], abs=1e-9)
    assert other.loc[(3, "tis"), "bias"] != pytest.approx(other.loc[(3, "pdis"), "bias"], abs=1e-9)
    assert other["truth"].loc[1].iloc[0] < other["truth"].loc[3].iloc[0] < other["truth"].loc[0].iloc[0]
    assert frame.loc[frame["estimator"] == "logged mean", "coverage"].isna().all()
