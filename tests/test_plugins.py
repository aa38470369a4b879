"""Modules of the user's own that cannot be imported."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest

from selflearn_env import plugins
from selflearn_env.plugins import import_named


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def f(:", "agent 'mine_{n}:A' cannot be imported: SyntaxError: "),
        ("1 / 0", "agent 'mine_{n}:A' cannot be imported: ZeroDivisionError: division by zero"),
        ("import nothing_of_this_name", "agent 'mine_{n}:A' cannot be imported: No module named"),
        ("B = 1", "agent 'mine_{n}:A' cannot be imported: module 'mine_{n}' has no attribute 'A'"),
    ],
)
def test_what_is_wrong_with_a_module_is_said(code, message, tmp_path, monkeypatch, request):
    number = request.node.callspec.indices["code"]
    (tmp_path / f"mine_{number}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=message.format(n=number)):
        import_named("agent", f"mine_{number}:A")


def test_nothing_but_what_is_named_and_what_that_imports_is_found_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plugins, "own_modules", plugins.OwnModules())
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    (tmp_path / "lying_about.py").write_text("A = 1")
    (tmp_path / "mine_beside.py").write_text("A = 2")
    (tmp_path / "mine_folder").mkdir()
    (tmp_path / "mine_folder/__init__.py").write_text("")
    (tmp_path / "mine_folder/part.py").write_text(
        "from mine_beside import A\ndef late():\n    from importlib import import_module\n"
        "    return import_module('mine_later').A"
    )
    (tmp_path / "mine_later.py").write_text("A = 3")
    with pytest.raises(ModuleNotFoundError):
        import_module("mine_folder.part")
    assert import_named("agent", "mine_folder.part:A") == 2
    assert import_named("agent", "mine_folder.part:late")() == 3
    assert plugins.own_modules.has("mine_later")
    assert import_named("agent", "collections:Counter")
    for name in ("lying_about", "mine_nothing"):
        with pytest.raises(ModuleNotFoundError):
            import_module(name)
    assert not plugins.own_modules.has("collections")
