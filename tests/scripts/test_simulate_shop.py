"""`selflearn simulate-shop`, with a service in a thread of the test."""

from __future__ import annotations

import os
import re

import pytest

from selflearn_env import Shop
from tests.agents.service.http_server import running
from tests.agents.service.popular_service import PopularService
from tests.scripts.command import run


@pytest.fixture(scope="module")
def service(shop):
    with running(PopularService(Shop.load(shop), 3)) as service:
        yield service


def test_it_says_how_the_service_did(shop, service, monkeypatch):
    monkeypatch.setattr(service, "token", "s3cret")
    done = run(
        "simulate-shop", "--url", service.url, "--shop", shop, "--slate-size", 3, "--customers", 25, "--batch", 4,
        env={**os.environ, "SELFLEARN_TOKEN": "s3cret"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "visits/s" in done.stderr  # the bar has a rate
    *_, rewards, speed = done.stdout.splitlines()
    number = r"-?\d+\.\d+"
    assert re.fullmatch(
        rf"25 visits: reward per slate {number}, regret {number}; {number} of the way from random to optimal", rewards
    )
    assert re.search(rf"decisions/s; .* {number} ms \(median\), {number} ms \(99th percentile\)", speed)
    assert len(service.told) == 25


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--url", "http://127.0.0.1:1"], 1, "no service answers"),
        (["--slate-size", 4], 1, "give --slate-size 3"),
        (["--token", "other"], 1, "give it as --token"),
        (["--batch", 1001, "--slate-size", 3], 1, "a request has 1..1,000 visits"),
        (["--rate", 0], 2, "must be at least 1"),
    ],
)
def test_mistakes_end_in_one_line(shop, service, monkeypatch, arguments, code, message):
    monkeypatch.setattr(service, "token", "s3cret" if "--token" in arguments else None)
    done = run("simulate_shop.py", "--url", service.url, "--shop", shop, *arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert re.fullmatch(r"error: .+\n", done.stderr)
