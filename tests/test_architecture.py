"""Imports go one way, read from the source: scripts -> selflearn_agents -> selflearn_env -> selflearn_env.core."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
AGENTS = "agents/selflearn_agents"
FOLDERS = (
    "adapters",
    "benchmark",
    "commands",
    "evaluation",
    "logs",
    "ope",
    "service",
    "suite",
)  # of agents: these know worlds
PACKAGES = ("selflearn_env", AGENTS, "scripts")


def sources(*folders):
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.relative_to(ROOT).as_posix())


def imported(path):
    """Absolute dotted names of all that a file imports, inside functions and for type checks too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}, line {node.lineno}: imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def root(name):
    return name.partition(".")[0]


def within(path, folder):
    return (ROOT / folder) in path.parents


def test_the_sources_are_found():
    for package in (*PACKAGES, "selflearn_env/core", "selflearn_env/envs", "selflearn_env/shop"):
        assert list((ROOT / package).rglob("*.py")), package


@sources("selflearn_env/core")
def test_core_imports_numpy_and_itself_only(path):
    known = {"numpy", *sys.stdlib_module_names} | ({"numba"} if path.name == "compiling.py" else set())
    foreign = {name for name in imported(path) if root(name) not in known and not name.startswith("selflearn_env.core")}
    assert not foreign, f"{path} imports {sorted(foreign)}; core may use numpy and itself only, and compiling.py numba"


@sources("selflearn_env")
def test_the_environment_imports_no_agent_and_no_script(path):
    upward = {name for name in imported(path) if root(name) in {"selflearn_agents", "scripts", "tests"}}
    assert not upward, f"{path} imports {sorted(upward)}; selflearn_env knows neither agents nor scripts"


@sources("selflearn_env")
def test_tables_are_read_in_the_shop_only(path):
    tables = {name for name in imported(path) if root(name) in {"pandas", "pyarrow", "kmeans1d", "python_calamine"}}
    assert not tables or within(path, "selflearn_env/shop"), f"{path} imports {sorted(tables)}; only shop may"


@sources("selflearn_env/shop")
def test_the_shop_knows_no_environment(path):
    upward = {name for name in imported(path) if root(name) == "gymnasium" or name.startswith("selflearn_env.envs")}
    assert not upward, f"{path} imports {sorted(upward)}; the environments use the shop, not the other way round"


@sources(AGENTS)
def test_agents_import_no_script_and_meet_environments_in_their_evaluation_only(path):
    names = imported(path)
    upward = {name for name in names if root(name) in {"scripts", "tests"}}
    assert not upward, f"{path} imports {sorted(upward)}; agents know no script"
    # Logs are recorded from environments, and a model of another library brings the spaces that it was trained in.
    if not any(within(path, f"{AGENTS}/{folder}") for folder in FOLDERS):
        foreign = {
            name
            for name in names
            if root(name) in {"gymnasium", "pandas"}
            or name.startswith(("selflearn_env.envs", "selflearn_agents.evaluation"))
        }
        assert not foreign, f"{path} imports {sorted(foreign)}; agents see state indexes, never an environment"


@sources(*PACKAGES)
def test_random_numbers_come_from_a_seeded_generator(path):
    allowed = {"Generator", "SeedSequence", "BitGenerator", "PCG64", "default_rng"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        where = f"{path}, line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"np.random", "numpy.random"}:
            assert node.attr in allowed, f"{where}: np.random.{node.attr} is shared by everyone; pass a generator"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng"):
            assert node.args or node.keywords, f"{where}: default_rng() cannot be repeated; give it a seed"
    assert "random" not in imported(path), f"{path} imports random; pass a numpy generator"


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
