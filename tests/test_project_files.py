"""The files around the code: workflows, citation, security, the description of the data. They say what is so."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from selflearn_env import __version__
from selflearn_env.datasets import ONLINE_RETAIL

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CARD = (ONLINE_RETAIL.parent / "README.md").read_text(encoding="utf-8")
CROISSANT = json.loads((ONLINE_RETAIL.parent / "croissant.json").read_text(encoding="utf-8"))
TYPES = {"string": "sc:Text", "int64": "cr:Int64", "double": "cr:Float64", "timestamp[us]": "sc:DateTime"}


def parsed(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(path):
    return parsed(path)["jobs"]


@pytest.fixture(scope="module")
def log():
    return pq.read_table(ONLINE_RETAIL).to_pandas()


@pytest.fixture(scope="module")
def repeated(log):
    """Rows that repeat an earlier one in all columns."""
    return int(log.duplicated().sum())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_targets_that_exist_and_may_write_nothing(path):
    targets = re.search(r"^\.PHONY:(.*)", MAKEFILE, re.MULTILINE)[1].split()
    runs = [step["run"] for job in jobs(path).values() for step in job["steps"] if "run" in step]
    called = [run.split()[1] for run in runs if run.startswith("make ")]
    assert called
    assert set(called) <= set(targets)
    assert parsed(path)["permissions"] == {"contents": "read"}
    granted = {name: job["permissions"] for name, job in jobs(path).items() if "permissions" in job}
    assert granted == ({"publish": {"id-token": "write"}} if path.name == "release.yml" else {})
    assert all("timeout-minutes" in job for job in jobs(path).values())
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", each) for each in used)  # a tag may be moved


def test_every_version_of_python_that_is_supported_is_tested_on_linux_and_macos():
    matrix = jobs(ROOT / ".github" / "workflows" / "tests.yml")["newest"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest"]
    supported = SpecifierSet(PROJECT["requires-python"])
    assert matrix["python"] == [f"3.{minor}" for minor in range(8, 15) if supported.contains(f"3.{minor}")]


def test_the_oldest_versions_are_those_of_pyproject():
    script = re.search(r"^\tsed (-n '.*') pyproject\.toml", MAKEFILE, re.MULTILINE)[1]
    command = f"sed {script} pyproject.toml"
    found = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    asked = map(Requirement, PROJECT["dependencies"])
    least = {f"{each.name}=={one.version}" for each in asked for one in each.specifier if one.operator == ">="}
    assert sorted(found) == sorted(least)
    assert len(found) == len(PROJECT["dependencies"])


def test_a_release_has_the_version_that_its_tag_names():
    steps = jobs(ROOT / ".github" / "workflows" / "release.yml")["build"]["steps"]
    check = next(step["run"] for step in steps if "GITHUB_REF_NAME" in step.get("run", ""))
    codes = [
        subprocess.run(
            ["bash", "-c", check], cwd=ROOT, env={"GITHUB_REF_NAME": tag, "PATH": "/usr/bin:/bin"}
        ).returncode
        for tag in (f"v{__version__}", f"v{__version__}.post1", __version__)
    ]
    assert codes == [0, 1, 1]


def test_the_hooks_before_a_commit_are_those_of_make_check():
    (repo,) = parsed(ROOT / ".pre-commit-config.yaml")["repos"]
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1].replace("$(BIN)", ".venv/bin")
    expected = [line.strip() for line in recipe.splitlines() if "pytest" not in line]
    assert [hook["entry"] for hook in repo["hooks"]] == expected
    assert all(not hook["pass_filenames"] for hook in repo["hooks"])


def test_the_citation_is_of_this_version():
    citation = parsed(ROOT / "CITATION.cff")
    assert citation["version"] == __version__
    assert citation["title"] == PROJECT["name"]
    assert citation["abstract"] == PROJECT["description"]
    assert citation["keywords"] == PROJECT["keywords"]
    assert " AND ".join(citation["license"]) == PROJECT["license"]
    holder = re.search(r"Copyright \(c\) \d+ (.*)", (ROOT / "LICENSE").read_text(encoding="utf-8"))[1]
    assert citation["authors"] == [{"name": holder}]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_the_forms_of_issues_ask_something(path):
    form = parsed(path)
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    assert form["name"]
    assert form["description"]
    assert len({field["id"] for field in asked}) == len(asked) > 0
    assert any(field.get("validations", {}).get("required") for field in asked)


def test_the_entry_for_gymnasiums_list_names_the_oldest_gymnasium():
    entry = (ROOT / ".github" / "third_party_environments.md").read_text(encoding="utf-8")
    (asked,) = (each for each in map(Requirement, PROJECT["dependencies"]) if each.name == "gymnasium")
    least = next(one.version for one in asked.specifier if one.operator == ">=")
    assert Version(re.search(r"badge/Gymnasium-%E2%89%A5v([\d.]+)-", entry)[1]) == Version(least)
    sentences = entry.strip().rsplit("\n\n", 1)[1].split(". ")
    assert 2 <= len(sentences) <= 5  # what the list asks for


def test_nothing_is_unpickled_but_a_shop_on_its_way_between_processes():
    """SECURITY.md says which files run code; whoever adds one must say it there."""
    runs = re.compile(
        r"pickle\.loads?\(|Unpickler|allow_pickle=True|joblib\.load|torch\.load|(?<![\w.])(?:eval|exec)\("
    )
    sources = [*ROOT.glob("selflearn_env/**/*.py"), *ROOT.glob("agents/selflearn_agents/**/*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in sources if runs.search(path.read_text(encoding="utf-8"))}
    own = {"selflearn_env/testing/shop.py"}  # what it has pickled itself
    assert found - own == {"agents/selflearn_agents/evaluation/worlds.py"}


def test_the_description_for_machines_agrees_with_the_log():
    (file,), (records,) = CROISSANT["distribution"], CROISSANT["recordSet"]
    content = ONLINE_RETAIL.read_bytes()
    assert file["contentUrl"] == file["@id"] == ONLINE_RETAIL.name
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert file["contentSize"] == f"{len(content)} B"
    stored = pq.ParquetFile(ONLINE_RETAIL)
    types = {name: TYPES[str(kind).removeprefix("large_")] for name, kind in zip(*columns(stored), strict=True)}
    assert {field["name"]: field["dataType"] for field in records["field"]} == types
    for field in records["field"]:
        source = {"fileObject": {"@id": file["@id"]}, "extract": {"column": field["name"]}}
        assert field["source"] == source
        assert field["@id"] == f"{records['@id']}/{field['name']}"
    rows = f"{stored.metadata.num_rows:,} rows"
    assert rows in records["description"]
    assert rows in CROISSANT["description"]
    assert rows in CARD


def columns(stored):
    return stored.schema_arrow.names, stored.schema_arrow.types


def test_the_fields_of_responsible_use_agree_with_the_log(log, repeated):
    first, last = map(pd.Timestamp, CROISSANT["rai:dataCollectionTimeFrame"])
    assert (first, last) == (log.InvoiceDate.min(), log.InvoiceDate.max())
    missing = log.isna().sum()
    told = f"CustomerID is missing in {missing.CustomerID:,} rows and Description in {missing.Description:,}."
    assert CROISSANT["rai:dataCollectionMissingData"].startswith(told)
    british = f"{100 * (log.Country == 'United Kingdom').mean():.0f} % of the rows are of the United Kingdom"
    assert any(british in text for text in CROISSANT["rai:dataBiases"])
    assert any(text.startswith(f"{repeated:,} rows repeat") for text in CROISSANT["rai:dataLimitations"])
    assert CROISSANT["citeAs"] in (ONLINE_RETAIL.parent / "LICENSE-online_retail.md").read_text(encoding="utf-8")


def test_the_figures_of_the_card_agree_with_the_log(log, repeated):
    told = dict(re.findall(r"^\| ([^|]+?) \| ([\d,]+) \|$", CARD, re.MULTILINE))
    assert {name: int(figure.replace(",", "")) for name, figure in told.items()} == {
        "invoices": log.InvoiceNo.nunique(),
        "product codes": log.StockCode.nunique(),
        "customers": log.CustomerID.nunique(),
        "countries": log.Country.nunique(),
        "rows of the United Kingdom": (log.Country == "United Kingdom").sum(),
        "rows of cancellations": log.InvoiceNo.str.startswith("C").sum(),
        "rows with a negative quantity": (log.Quantity < 0).sum(),
        "rows without a positive price": (log.UnitPrice <= 0).sum(),
        "rows that repeat another one": repeated,
    }
    missing = dict(re.findall(r"^\| (\w+) \| [\w ]+ \| .* \| ([\d,]+) \|$", CARD, re.MULTILINE))
    assert {name: int(figure.replace(",", "")) for name, figure in missing.items()} == log.isna().sum().to_dict()
    assert not (log.InvoiceDate.dt.day_name() == "Saturday").any()
