"""Each tutorial runs as a plain script, without a warning, and finds what its text says."""

import re
import runpy
from pathlib import Path

import matplotlib
import pytest
from matplotlib import pyplot

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
NUMBER = r"(-?\d+\.\d+)"


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    """Runs a tutorial in an empty folder, and gives what it prints."""
    before = matplotlib.get_backend()
    pyplot.switch_backend("agg")
    monkeypatch.setattr(pyplot, "show", lambda: None)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(name):
        runpy.run_path(str(TUTORIALS / f"{name}.py"))
        return capsys.readouterr().out

    yield run
    pyplot.close("all")
    pyplot.switch_backend(before)


def row(name, text):
    """The numbers in a row of a table."""
    found = re.findall(rf"^{name} +((?:{NUMBER}[ \n]+)+)", text, flags=re.MULTILINE)
    return [float(number) for number in re.findall(NUMBER, found[0][0])]


def test_all_are_tested():
    names = {path.stem for path in TUTORIALS.glob("*.py")}
    assert names == set(re.findall(r"printed\(\"(\w+)\"\)", Path(__file__).read_text(encoding="utf-8")))


@pytest.mark.slow
def test_first_steps(printed):
    text = printed("1_first_steps")
    assert "Q1_November_1_Thursday" in text
    assert row("hierarchical", text)[1] > row("popular", text)[1] > 0.5  # gap of the last tenth
    assert abs(row("random", text)[0]) < 0.05
    assert len(pyplot.gcf().axes[0].lines) == 2


@pytest.mark.slow
def test_a_log_of_ones_own(printed):
    text = printed("2_own_log")
    revenue = re.findall(r"^revenue: (\S+),", text, flags=re.MULTILINE)
    assert len(revenue) == 2
    assert len(set(revenue)) == 1  # of the sample, and of the European export
    assert "columns={'product': '<its name>'" in text.replace("\n", " ").replace("<its  name>", "<its name>")
    assert [line[:2] for line in text.splitlines() if re.match(r"\d\. ", line)] == ["1.", "2.", "3.", "4."]
    gaps = dict(re.findall(rf"(\w+) {NUMBER}[,)]", text.rsplit("gaps: ", 1)[1]))
    assert float(gaps["hierarchical"]) > float(gaps["bestsellers"]) > float(gaps["random"])


@pytest.mark.slow
def test_an_agent_of_ones_own(printed):
    text = printed("3_own_agent")
    better = re.search(r"better than popular by \[(.*)\] with each seed", text).group(1)
    assert len(better.split()) == 3
    assert all(float(each) > 0 for each in better.split())
    assert row("corrected", text)[1] > row("popular", text)[1] > row("epsilon_greedy", text)[1]
    assert "same slates: True" in text


@pytest.mark.slow
def test_customers_who_come_back(printed):
    text = printed("4_customers_who_come_back")
    assert row("personal", text)[0] > row("again", text)[0] > row("popular", text)[0] + 0.3
    lost = {name: int(percent) for name, percent in re.findall(r"^(\w+) .*: (\d+)% lost$", text, flags=re.MULTILINE)}
    assert lost["popular"] > lost["personal"] > lost["patient"] > 0
    visits = int(re.search(r"^(\d+) visits, return", text, flags=re.MULTILINE).group(1))
    assert visits > 1
    assert len(pyplot.gcf().axes) == 2


@pytest.mark.slow
def test_a_policy_is_judged_by_a_log(printed):
    text = printed("5_judge_by_a_log")
    judged = re.findall(rf"{NUMBER} \[{NUMBER}, {NUMBER}\], in truth {NUMBER}", text)
    *trusted, competing = [[float(number) for number in each] for each in judged]
    assert len(trusted) == 4
    assert all(low < truth < high for _, low, high, truth in trusted)
    assert competing[3] < competing[1]
    assert text.count("ok, if") == 1
    assert text.count("do not trust this") == 3
