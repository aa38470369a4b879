"""Imports go one way, read from the source: scripts -> selflearn_agents -> selflearn_env -> selflearn_env.core."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
AGENTS = "agents/selflearn_agents"
FOLDERS = (  # that know worlds
    "adapters", "benchmark", "commands", "evaluation", "logs", "ope", "plots", "service", "suite", "testing",
)  # fmt: skip
PACKAGES = ("selflearn_env", AGENTS, "scripts")


def sources(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def nodes(path):
    """All nodes of a file's syntax tree."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imported(path):
    """Absolute dotted names of all that a file imports, inside functions and for type checks too."""
    names = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}, line {node.lineno}: imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def imports(paths, foreign):
    """What each of the files imports that is foreign to it, by its name; only of those that do."""
    found = {path: sorted(name for name in imported(path) if foreign(path, name)) for path in paths}
    return {path.relative_to(ROOT).as_posix(): names for path, names in found.items() if names}


def root(name):
    return name.partition(".")[0]


def within(path, folder):
    return (ROOT / folder) in path.parents


def test_the_sources_are_found():
    for package in (*PACKAGES, "selflearn_env/core", "selflearn_env/envs", "selflearn_env/shop"):
        assert sources(package), package


def test_core_imports_numpy_and_itself_only():
    def foreign(path, name):
        known = {"numpy", *sys.stdlib_module_names} | ({"numba"} if path.name == "compiling.py" else set())
        return root(name) not in known and not name.startswith("selflearn_env.core")

    assert not imports(sources("selflearn_env/core"), foreign), "core may use numpy and itself only, compiling.py numba"


def test_the_environment_imports_no_agent_and_no_script():
    upward = imports(sources("selflearn_env"), lambda _, name: root(name) in {"selflearn_agents", "scripts", "tests"})
    assert not upward, "selflearn_env knows neither agents nor scripts"


def test_tables_are_read_in_the_shop_only():
    libraries = {"pandas", "pyarrow", "kmeans1d"}
    elsewhere = [path for path in sources("selflearn_env") if not within(path, "selflearn_env/shop")]
    assert not imports(elsewhere, lambda _, name: root(name) in libraries), "only shop may"


def test_the_shop_knows_no_environment():
    upward = imports(
        sources("selflearn_env/shop"),
        lambda _, name: root(name) == "gymnasium" or name.startswith("selflearn_env.envs"),
    )
    assert not upward, "the environments use the shop, not the other way round"


def test_agents_import_no_script_and_meet_environments_in_their_evaluation_only():
    upward = imports(sources(AGENTS), lambda _, name: root(name) in {"scripts", "tests"})
    assert not upward, "agents know no script"
    # Logs are recorded from environments, and a model of another library brings the spaces that it was trained in.
    bare = [path for path in sources(AGENTS) if not any(within(path, f"{AGENTS}/{folder}") for folder in FOLDERS)]
    foreign = imports(
        bare,
        lambda _, name: (
            root(name) in {"gymnasium", "pandas"}
            or name.startswith(("selflearn_env.envs", "selflearn_agents.evaluation"))
        ),
    )
    assert not foreign, "agents see state indexes, never an environment"


def test_pictures_are_drawn_in_plots_only():
    types = {"matplotlib.axes.Axes", "matplotlib.figure.Figure"}
    elsewhere = [path for path in sources(*PACKAGES) if not within(path, f"{AGENTS}/plots")]
    assert not imports(elsewhere, lambda _, name: root(name) == "matplotlib" and name not in types), "only plots may"


def test_random_numbers_come_from_a_seeded_generator():
    allowed = {"Generator", "SeedSequence", "BitGenerator", "PCG64", "default_rng"}
    for path in sources(*PACKAGES):
        if path == ROOT / "selflearn_env/testing/contract.py":
            continue  # sees whether others draw from the generators of the whole program
        for node in nodes(path):
            where = f"{path}, line {getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"np.random", "numpy.random"}:
                assert node.attr in allowed, f"{where}: np.random.{node.attr} is shared by everyone; pass a generator"
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
                assert node.args or node.keywords, f"{where}: default_rng() cannot be repeated; give it a seed"
        assert "random" not in imported(path), f"{path} imports random; pass a numpy generator"


TIES_MATTER_NOT = {
    "selflearn_env/core/journey/lives.py": "equal times are on one day",
    "selflearn_env/core/journey/memory.py": "no two are equal",
}


def test_ties_are_broken_alike_on_every_processor():
    """numpy sorts with what the processor can do, and equal values come in any order, but for a stable sort."""
    for path in sources(*PACKAGES):
        for node in nodes(path):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            where = f"{path}, line {node.lineno}"
            assert node.func.attr != "argpartition", f"{where}: use selflearn_env.core.ranking.top"
            if node.func.attr == "argsort" and path.relative_to(ROOT).as_posix() not in TIES_MATTER_NOT:
                assert 'kind="stable"' in ast.unparse(node).replace("'", '"'), f"{where}: kind is not 'stable'"


def loaded_by(code):
    program = f"{code}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_importing_the_package_loads_little():
    loaded = loaded_by("import selflearn_env")
    assert {"selflearn_env", "gymnasium"} <= loaded
    assert not loaded & {"pandas", "pyarrow", "kmeans1d", "matplotlib", "PIL", "tqdm", "selflearn_agents"}


def test_an_environment_of_a_saved_shop_needs_no_pandas(tiny_shop, tmp_path):
    tiny_shop.save(tmp_path / "tiny.npz")
    path = (tmp_path / "tiny.npz").as_posix()
    loaded = loaded_by(
        "import gymnasium as gym, selflearn_env\n"
        f"env = gym.make('selflearn/Retail-v0', shop={path!r}, slate_size=3)\n"
        "env.reset(seed=1)\nenv.step(env.action_space.sample())"
    )
    assert not loaded & {"pandas", "pyarrow", "kmeans1d", "matplotlib", "selflearn_agents"}
