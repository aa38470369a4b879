"""What is said of a compilation, once. How loops are compiled and kept is tested in tests/agents/test_compiled.py."""

from __future__ import annotations

from selflearn_env.core.compiling import _announce


def test_only_the_first_compilation_is_announced(capsys, monkeypatch):
    from numba.core import event

    monkeypatch.setitem(event._registered, "numba:compile", [])
    _announce.__wrapped__("compiling, once")
    assert capsys.readouterr().err == ""
    for said in ("compiling, once\n", ""):
        event.start_event("numba:compile")
        event.end_event("numba:compile")
        assert capsys.readouterr().err == said
