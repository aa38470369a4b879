"""A plugin of pytest: what each test and each fixture runs, and how long each test takes.

`make coverage` calls it: coverage notes the lines under the name of the test or fixture that runs them. Compiled loops
have no lines, so that of them the file is noted.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest

TOUCHED = Path("results/coverage/touched.json")
FIXTURE = "fixture "


class Touching:
    """Keeps the name of what runs, tests with their seconds and fixtures, and who calls the loops of each file."""

    def __init__(self) -> None:
        self.names = [""]
        self.tests: dict[str, dict] = {}
        self.loops: dict[str, set[str]] = {}

    def run(self, name: str) -> Generator[None, object, object]:
        self._name([*self.names, name])
        try:
            return (yield)
        finally:
            self._name(self.names[:-1])

    def _name(self, names: list[str]) -> None:
        import coverage  # not where the names of this file are used

        self.names = names
        if (measured := coverage.Coverage.current()) is not None:
            measured.switch_context(names[-1])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.tests[item.nodeid] = {"seconds": 0.0, "fixtures": list(getattr(item, "fixturenames", ()))}
        return (yield from self.run(item.nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef) -> Generator[None, object, object]:
        return (yield from self.run(f"{FIXTURE}{fixturedef.argname}@{fixturedef.baseid}"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tests[report.nodeid]["seconds"] += report.duration
        if report.failed:
            self.tests[report.nodeid]["failed"] = True

    def pytest_sessionstart(self) -> None:
        from selflearn_env.core.compiling import Loop  # the same

        called = Loop.__call__

        def noted(loop: Loop, *arguments: object) -> object:
            self.loops.setdefault(loop._function.__code__.co_filename, set()).add(self.names[-1])
            return called(loop, *arguments)

        Loop.__call__ = noted

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Adds to what earlier runs have noted."""
        file = session.config.rootpath / TOUCHED
        noted = json.loads(file.read_text()) if file.exists() else {"tests": {}, "loops": {}}
        noted["tests"] |= self.tests
        for path, names in self.loops.items():
            relative = Path(path).relative_to(session.config.rootpath).as_posix()
            noted["loops"][relative] = sorted(names.union(noted["loops"].get(relative, ())))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(noted))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Touching())
