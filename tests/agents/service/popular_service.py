"""The service as its contract has it, in few lines: it shows the fixed slates of `popular`, and learns nothing."""

from __future__ import annotations

from selflearn_agents import make_agent

from tests.agents.service.http_server import Server


class PopularService(Server):
    """Keeps all that it was asked and told.

    Attributes:
        agent: whose slates are shown.
        token: that requests must have, if not None.
        visits: decision -> the visit as it was asked.
        told: decision -> the feedback learned from.
        requests: path of each request, in order.
        trouble: numbers of requests -> None for one that is dealt with and not answered, or an HTTP code in its place.
        forgotten: the first so many decisions are, before anything is told of them.
    """

    def __init__(self, shop, slate_size):
        super().__init__()
        self.shop, self.states = shop, shop.states
        self.agent = make_agent("popular", history=shop.history, slate_size=slate_size, seed=0)
        self.token, self.trouble, self.forgotten = None, {}, 0
        self.visits, self.told, self.requests = {}, {}, []

    def answer(self, method, path, headers, body):
        self.requests.append(path)
        if self.token and headers["Authorization"] != f"Bearer {self.token}":
            return 401, {"detail": "no"}
        trouble = self.trouble.get(len(self.requests), 200)
        if trouble not in (200, None):
            return trouble, {"detail": "not now"}
        if (method, path) == ("GET", "/catalogue"):
            answer = self.catalogue()
        elif (method, path) == ("POST", "/decide"):
            answer = {"decisions": [*map(self.decide, body["visits"])]} if "visits" in body else self.decide(body)
        elif (method, path) == ("POST", "/feedback"):
            answer = {"feedback": [*map(self.learn, body["feedback"])]}
        else:
            return 404, {"detail": "no such path"}
        return trouble, answer

    def catalogue(self):
        return {
            "slate_size": self.agent.slate_size,
            "states": [self.states.label(state) for state in range(self.states.size)],
            "products": [{"id": str(each), "name": "a product"} for each in self.shop.catalogue.ids],
        }

    def decide(self, visit):
        decision = f"d-{len(self.visits)}"
        self.visits[decision] = visit
        (slate,) = self.agent.act([self.states.parse(visit["state"])])
        products = [{"id": str(id_), "name": "a product", "propensity": 1.0} for id_ in self.shop.catalogue.ids[slate]]
        return {"decision": decision, "state": visit["state"], "products": products}

    def learn(self, feedback):
        decision = feedback["decision"]
        if int(decision.removeprefix("d-")) < self.forgotten:
            return {"decision": decision, "status": "refused", "code": 404, "detail": "no such decision"}
        known = decision in self.told
        assert not known or self.told[decision] == feedback
        self.told[decision] = feedback
        return {"decision": decision, "status": "known" if known else "learned"}
