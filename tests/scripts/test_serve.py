"""The command that lets an agent serve: what it says when it cannot."""

from __future__ import annotations

import socket
import sys

import pytest
from selflearn_agents.commands import main
from selflearn_agents.commands.serve import bound

pytest.importorskip("uvicorn")


@pytest.mark.parametrize(("port", "why"), [(None, "Address already in use"), (70_000, "port must be 0-65535")])
def test_an_address_that_cannot_be_had_is_one_sentence(port, why, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    store = tmp_path / "values.db"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        asked = str(port or taken.getsockname()[1])
        with pytest.raises(SystemExit) as ended:
            main.run("serve", "selflearn serve", ["--port", asked, "--store", f"sqlite:///{store}"])
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.startswith(f"error: cannot listen on port {asked} of 127.0.0.1")
    assert why in said
    assert said.count("\n") == 1
    assert not store.exists()


def test_answers_are_sent_at_once():
    # asyncio turns off the waiting for more (TCP_NODELAY) only where a socket names TCP; it costs 40 ms per answer.
    with bound("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
