"""Modules of the user's own that cannot be imported."""

from __future__ import annotations

import pytest

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
