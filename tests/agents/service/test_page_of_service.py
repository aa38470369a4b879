"""The live page of a real service, while simulated customers come."""

from __future__ import annotations

from threading import Thread

import pytest
import uvicorn
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.evaluation import World
from selflearn_agents.service.app import make_app
from selflearn_agents.service.client import Client
from selflearn_agents.service.desk import Desk
from selflearn_agents.service.limits import Limits
from selflearn_agents.service.simulated_shop import check_service, simulate
from selflearn_agents.store import open_store
from selflearn_agents.store.kept import KeptAgent


@pytest.fixture
def url(tiny_shop, tmp_path):
    """Of a service that wants the token "s3cret"."""
    store = open_store(f"sqlite:///{tmp_path / 'values.db'}")
    kept = KeptAgent(
        store,
        {"shop": tiny_shop.digest},
        lambda: make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=3, seed=0),
        list(AGENTS.values()),
    )
    app = make_app(Desk("epsilon_greedy", tiny_shop, kept, Limits()), token="s3cret")
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_one_sees_the_customers_come(browser, url, tiny_shop):
    page, said = browser.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{url}/#token=s3cret")
    page.wait_for_selector("#curl")
    world = World("a world", "selflearn/Retail-v0", 40, {"shop": tiny_shop, "slate_size": 3})
    with Client(url, "s3cret") as client:
        check_service(client.catalogue(), world)
        served = simulate(client, world, batch=3, progress=False)
    assert served.refused == ()
    page.locator("dd").get_by_text("40", exact=True).first.wait_for()
    page.wait_for_selector("#rows tr")
    assert "Reward per visit" in page.locator("#finding").inner_text()
    assert page.locator("article").count() == 20
    words = set(page.locator("li .word").all_inner_texts())
    assert "… waiting" not in words
    assert words <= {"✓ bought", "▸ clicked", "– ignored"}
    assert page.locator("#rows tr").count() == 8
    assert "NaN" not in page.locator("body").inner_text()
    assert said == []
    page.close()
