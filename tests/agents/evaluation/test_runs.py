"""Runs side by side, and kept ones: what a run is kept under, and that nothing comes out otherwise than at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from selflearn_agents.baselines.popular import PopularAgent
from selflearn_agents.evaluation import Plan, World, compare, compare_worlds, fingerprints, runs
from selflearn_agents.evaluation.runs import RunSpec
from selflearn_agents.specification import AgentSpec

from selflearn_env import Drift, Rewards, Shop
from tests.agents.evaluation.hand_made import BROKEN, assert_same, broken, same
from tests.agents.evaluation.test_fingerprints import LARGE, OTHER

ENV = "selflearn/Retail-v0"
ROOT = Path(__file__).parents[3]
OPTIONS = {"slate_size": 3}


def world_of(shop, visits=120, name="independent", env_id=ENV, **options):
    return World(name, env_id, visits, {"shop": shop, **OPTIONS, **options})


def run_of(shop, text="epsilon_greedy", seed=0, batch=1, **world):
    return RunSpec(AgentSpec.parse(text), world_of(shop, **world), seed, batch)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A function that writes a module of the user's own and gives it anew."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def write(name, text):
        names.append(name)
        sys.modules.pop(name, None)
        (tmp_path / f"{name}.py").write_text(text)

    yield write
    for name in names:
        sys.modules.pop(name, None)


OWN = "from selflearn_agents.baselines.popular import PopularAgent\nclass Mine(PopularAgent):\n    pass\n"
OWN_CUSTOMERS = "from selflearn_env.core.customers import LogitCustomers\nclass Mine(LogitCustomers):\n    pass\n"


def other_shop(tiny_log):
    return Shop.from_transactions(
        tiny_log[tiny_log["customer"] != 101], segments={customer: "ABCD"[customer % 4] for customer in range(100, 140)}
    )


def test_each_ingredient_changes_the_file(tiny_shop, tiny_log, mine, monkeypatch):
    mine("own_kept", OWN)
    mine("own_kept_customers", OWN_CUSTOMERS)
    made = {
        "plain": run_of(tiny_shop),
        "agent": run_of(tiny_shop, "ucb"),
        "hyperparameter": run_of(tiny_shop, "epsilon_greedy(epsilon=0.2)"),
        "another": run_of(tiny_shop, "epsilon_greedy(epsilon=0.3)"),
        "its name": run_of(tiny_shop, "epsilon_greedy(epsilon_end=0.3)"),
        "seed": run_of(tiny_shop, seed=1),
        "batch": run_of(tiny_shop, batch=2),
        "visits": run_of(tiny_shop, visits=121),
        "environment": run_of(tiny_shop, env_id="selflearn/Seed-v0"),
        "contrast": run_of(tiny_shop, contrast=2.0),
        "customer": run_of(tiny_shop, customer="logit"),
        "customer options": run_of(tiny_shop, customer="cascade", customer_options={"leave": 0.5}),
        "their value": run_of(tiny_shop, customer="cascade", customer_options={"leave": 0.6}),
        "drift": run_of(tiny_shop, drift=Drift(spread=1.0)),
        "its spread": run_of(tiny_shop, drift=Drift(spread=2.0)),
        "rewards": run_of(tiny_shop, rewards=Rewards(buy=6.0)),
        "slate size": run_of(tiny_shop, slate_size=2),
        "shop": run_of(other_shop(tiny_log)),
        "own agent": run_of(tiny_shop, "own_kept:Mine"),
        "own customers": run_of(tiny_shop, customer="own_kept_customers:Mine"),
    }
    files = {why: run.file for why, run in made.items()}
    assert len(set(files.values())) == len(files), files
    keys = {file.rpartition("-")[2] for file in files.values()}
    assert len(keys) == len(files)  # the key alone says it
    monkeypatch.setattr(fingerprints, "_digest", lambda folder: f"other code in {folder.name}")
    assert run_of(tiny_shop).file not in files.values()
    monkeypatch.undo()
    monkeypatch.setattr(fingerprints, "version", lambda _: "99")
    assert run_of(tiny_shop).file not in files.values()


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("epsilon_greedy(epsilon=0.2, prior='rate')", {"customer_options": {"leave": 0.5}, "customer": "cascade"}),
        ("ucb", {"drift": Drift(spread=1.0), "rewards": Rewards(noise=1.0)}),
        ("own_equal:Mine", {"customer": "own_equal_customers:Mine"}),
    ],
)
def test_equal_runs_have_one_file(text, options, tiny_shop, tiny_log, mine):
    mine("own_equal", OWN)
    mine("own_equal_customers", OWN_CUSTOMERS)
    file = run_of(tiny_shop, text, **options).file
    again = Shop.from_transactions(tiny_log, segments={customer: "ABCD"[customer % 4] for customer in range(100, 140)})
    assert run_of(again, text, **dict(reversed(options.items()))).file == file
    mine("own_equal", OWN)  # the same text, imported anew
    assert run_of(tiny_shop, text, **options).file == file


@pytest.mark.slow
def test_other_processes_have_the_same_file(tiny_shop, mine, tmp_path):
    mine("own_abroad", OWN)
    tiny_shop.save(tmp_path / "shop.npz")
    code = (
        "import sys; from selflearn_agents.evaluation.runs import RunSpec\n"
        "from selflearn_agents.evaluation.worlds import World\n"
        "from selflearn_agents.specification import AgentSpec\n"
        "from selflearn_env import Drift, Shop\n"
        "options = {'shop': Shop.load('shop.npz'), 'slate_size': 3, 'drift': Drift(spread=1.0)}\n"
        "world = World('independent', 'selflearn/Retail-v0', 120, options)\n"
        "print(RunSpec(AgentSpec.parse('own_abroad:Mine'), world, 3, 1).file)"
    )
    file = run_of(tiny_shop, "own_abroad:Mine", seed=3, drift=Drift(spread=1.0)).file
    for hashing in ("1", "2"):
        path = os.pathsep.join(map(str, (ROOT, ROOT / "agents", tmp_path)))
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": hashing}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
        )
        assert done.stdout.strip() == file, done.stderr


def test_the_code_of_ones_own_agent_and_of_its_base_is_in_the_file(tiny_shop, mine):
    mine("own_base", OWN)
    mine("own_derived", "from own_base import Mine\nclass Derived(Mine):\n    pass\n")
    files = {run_of(tiny_shop, "own_derived:Derived").file}
    mine("own_base", OWN + "    shift = 1\n")
    sys.modules.pop("own_derived")
    files.add(run_of(tiny_shop, "own_derived:Derived").file)
    mine("own_derived", "from own_base import Mine\nclass Derived(Mine):\n    shift = 2\n")
    files.add(run_of(tiny_shop, "own_derived:Derived").file)
    assert len(files) == 3


def test_the_code_of_ones_own_customers_is_in_the_file(tiny_shop, mine):
    mine("own_people", OWN_CUSTOMERS)
    one = run_of(tiny_shop, customer="own_people:Mine").file
    mine("own_people", OWN_CUSTOMERS + "    mood = 1\n")
    assert run_of(tiny_shop, customer="own_people:Mine").file != one


def test_what_was_written_since_the_import_is_not_what_runs(tiny_shop, mine, tmp_path):
    mine("own_edited", OWN)
    file = run_of(tiny_shop, "own_edited:Mine").file
    (tmp_path / "own_edited.py").write_text(OWN + "    shift = 1\n")
    assert run_of(tiny_shop, "own_edited:Mine").file == file
    sys.modules.pop("own_edited")
    assert run_of(tiny_shop, "own_edited:Mine").file != file


def test_a_class_without_source_is_like_no_other(tiny_shop):
    typed = [type("Typed", (PopularAgent,), {"__module__": "nowhere"}) for _ in range(2)]
    files = [RunSpec(AgentSpec("typed", one, {}), world_of(tiny_shop), 0, 1).file for one in typed]
    assert files[0] != files[1]


def test_what_an_option_holds_is_in_the_file(tiny_shop):
    def file(value):
        return RunSpec(AgentSpec("a", PopularAgent, {"given": value}), world_of(tiny_shop), 0, 1).file

    assert file(LARGE) == file(LARGE.copy()) != file(OTHER)


@pytest.mark.parametrize("text", ["epsilon_greedy(prior='../../rate')", f"ucb({' ' * 300})", "random"])
def test_a_file_name_is_one_that_every_system_takes(text, tiny_shop):
    file = run_of(tiny_shop, text).file
    assert file == Path(file).name
    assert len(file.encode()) < 110
    assert file.startswith(AgentSpec.parse(text).text.partition("(")[0])


def kept(folder):
    """The kept runs and when they were written."""
    return {path: path.stat().st_mtime_ns for path in Path(folder).glob("*.npz")}


NAMES = ["random", "popular", "epsilon_greedy(epsilon=0.3)", "thompson", "oracle"]


@pytest.fixture(scope="module")
def worlds(tiny_shop):
    return [world_of(tiny_shop), world_of(tiny_shop, name="logit", customer="logit", visits=60)]


@pytest.fixture(scope="module")
def at_once(worlds):
    """All runs in this process, one after the other, none kept."""
    return compare_worlds(Plan(NAMES, worlds, 2, progress=False))


def test_the_runs_are_in_order(at_once, worlds):
    for result, world in zip(at_once, worlds, strict=True):
        assert [(run.agent, run.seed) for run in result.runs] == [(name, seed) for name in NAMES for seed in (0, 1)]
        assert {run.visit_count for run in result.runs} == {world.visits}


@pytest.mark.slow
def test_side_by_side_gives_the_same_bits(at_once, worlds, tmp_path):
    results = compare_worlds(Plan(NAMES, worlds, 2, progress=False, jobs=2, keep=tmp_path))
    for one, other in zip(at_once, results, strict=True):
        assert_same(one.runs, other.runs)
    assert len(kept(tmp_path)) == 2 * 2 * len(NAMES)


def test_kept_runs_are_read_and_the_rest_is_run(at_once, worlds, tmp_path, monkeypatch):
    compare_worlds(Plan(NAMES[1:4], worlds[:1], [1], progress=False, keep=tmp_path))
    before = kept(tmp_path)
    assert len(before) == 3
    ran = []
    serve_world = runs.serve_world
    monkeypatch.setattr(runs, "serve_world", lambda *given: ran.append(1) or serve_world(*given))
    results = compare_worlds(Plan(NAMES, worlds, 2, progress=False, keep=tmp_path))
    assert len(ran) == 2 * 2 * len(NAMES) - 3
    for one, other in zip(at_once, results, strict=True):
        assert_same(one.runs, other.runs)
    after = kept(tmp_path)
    assert before.items() <= after.items()
    again = compare_worlds(Plan(NAMES, worlds, 2, progress=False, keep=tmp_path))
    assert len(ran) == 2 * 2 * len(NAMES) - 3  # nobody serves a second time
    for one, other in zip(results, again, strict=True):
        assert all(same(a, b) for a, b in zip(one.runs, other.runs, strict=True))  # their times too
    assert kept(tmp_path) == after


@pytest.mark.parametrize("how", [*BROKEN, "another run"])
def test_a_broken_kept_run_is_run_again(how, tiny_shop, tmp_path):
    first = compare(["random"], ENV, 50, 2, progress=False, keep=tmp_path, shop=tiny_shop, **OPTIONS)
    before = kept(tmp_path)
    path = sorted(before)[0]
    broken(path, how)
    again = compare(["random"], ENV, 50, 2, progress=False, keep=tmp_path, shop=tiny_shop, **OPTIONS)
    assert_same(first.runs, again.runs)
    after = kept(tmp_path)
    assert [path for path in before if before[path] != after[path]] == [path]
    assert {path.name for path in after} == {path.name for path in before}  # nothing half-written beside


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_that_fails_is_named_and_the_finished_ones_are_kept(backend, jobs, tiny_shop, mine, tmp_path):
    mine(
        f"own_fails_{backend}_{jobs}",
        "import time\n"
        "from selflearn_agents.baselines.popular import PopularAgent\n"
        "class Mine(PopularAgent):\n"
        "    served = 0\n"
        "    def _act(self, states):\n"
        "        self.served += 1\n"
        "        if self.served == 40:\n"
        "            time.sleep(1)\n"  # so that the run beside it is done
        "            raise ArithmeticError('out of ideas')\n"
        "        return super()._act(states)\n",
    )
    name = f"own_fails_{backend}_{jobs}:Mine"
    get_reusable_executor().shutdown()  # workers of an earlier test do not know where this module is
    with pytest.raises(ArithmeticError, match="out of ideas") as failed:
        compare(
            ["random", name], ENV, 50, [4], progress=False, jobs=jobs, backend=backend, keep=tmp_path / "runs",
            shop=tiny_shop, **OPTIONS,
        )  # fmt: skip
    (note,) = failed.value.__notes__
    assert note.startswith(f"in the run of {name}, {ENV}, seed 4 (")
    assert note.endswith(".py, line 9)")
    assert [path.name.partition("-")[0] for path in kept(tmp_path / "runs")] == ["random"]


def test_a_comparison_refuses_what_cannot_be_compared(tiny_shop, tmp_path):
    options = {"progress": False, "shop": tiny_shop, **OPTIONS}
    for names, seeds, message in [
        (["random", "popular", "random"], 1, r"an agent is asked for twice: \['random', 'popular', 'random'\]"),
        (["random"], [3, 4, 3], r"a seed is asked for twice: \[3, 4, 3\]"),
        (["random"], [], "a comparison needs agents and seeds"),
        (["random"], 0, "a comparison needs agents and seeds"),
    ]:
        with pytest.raises(ValueError, match=message):
            compare(names, ENV, 50, seeds, keep=tmp_path / "runs", **options)
    assert not (tmp_path / "runs").exists()


def test_seeds_may_be_numbers_of_numpy(tiny_shop, tmp_path):
    options = {"progress": False, "keep": tmp_path, "shop": tiny_shop, **OPTIONS}
    one = compare(["random"], ENV, 50, np.arange(2), **options)
    assert_same(one.runs, compare(["random"], ENV, 50, 2, **options).runs)
    assert len(kept(tmp_path)) == 2


def test_a_world_builds_its_shop_once(tiny_shop, tmp_path):
    tiny_shop.save(tmp_path / "shop.npz")
    world = World("independent", ENV, 50, {"shop": tmp_path / "shop.npz", **OPTIONS}).complete()
    assert isinstance(world.env_options["shop"], Shop)
    assert world.shop.digest == tiny_shop.digest
    (tmp_path / "shop.npz").unlink()
    result = compare_worlds(Plan(["random"], [world], 1, progress=False))[0]
    assert_same(result.runs, compare(["random"], ENV, 50, 1, progress=False, shop=tiny_shop, **OPTIONS).runs)
