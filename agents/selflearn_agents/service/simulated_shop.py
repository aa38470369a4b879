"""The simulated customers of a shop as clients of a service: decide, show, respond and learn, over a real wire."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from selflearn_agents.evaluation.exact import share_of_gap
from selflearn_agents.evaluation.serving import Serving, keeps_references
from selflearn_agents.evaluation.worlds import World
from selflearn_env.core.people.visits import PeopleVisits
from selflearn_env.core.seen import UNKNOWN, SeenVisits
from selflearn_env.core.states import StateSpace
from selflearn_env.core.visits import Visits

if TYPE_CHECKING:
    from selflearn_agents.service.client import Client  # needs the extra

WORDS = ("ignored", "clicked", "bought")  # of the responses
MOST = 1_000  # visits of a request
MIDDAY = "T12:00:00"  # the simulated calendar has days


class Served(NamedTuple):
    """How the service did. Rewards are per slate, in reward units."""

    visits: int
    reward: float  # mean of what was earned
    regret: float  # mean expected reward of the best slate minus that of the slate shown
    gap: float  # share of the way from random to optimal
    per_second: float  # visits, the customers' own time included
    median: float  # seconds until a request for decisions is answered
    slow: float  # the same, which one in a hundred exceeds
    refused: tuple[str, ...]  # reasons why feedback was not learned from

    def __str__(self) -> str:
        lines = [
            f"{self.visits:,} visits: reward per slate {self.reward:.2f}, regret {self.regret:.2f}; "
            f"{self.gap:.3f} of the way from random to optimal",
            f"{self.per_second:,.0f} decisions/s; a request for decisions is answered in {1e3 * self.median:.1f} ms "
            f"(median), {1e3 * self.slow:.1f} ms (99th percentile)",
        ]
        if self.refused:
            lines.append(f"{len(self.refused):,} visits were not learned from; of the first, {self.refused[0]}")
        return "\n".join(lines)


def check_service(catalogue: dict[str, Any], world: World) -> None:
    """Sees that a service shows the products of a world, in its states.

    Args:
        catalogue: what the service says of itself.
        world: of the simulated customers.

    Raises:
        ValueError: it does not.
    """
    try:
        size = catalogue["slate_size"]
        products = [product["id"] for product in catalogue["products"]]
        states = list(catalogue["states"])
    except (KeyError, TypeError):
        raise ValueError("the catalogue of the service has no slate_size, products and states") from None
    simulator, shop = world.simulator, world.shop
    if size != simulator.slate_size:
        raise ValueError(
            f"the service shows slates of {size} products, and the simulated customers look at {simulator.slate_size}; "
            f"give --slate-size {size}"
        )
    _compare("products", products, map(str, shop.catalogue.ids))
    _compare("states", states, map(simulator.states.label, range(simulator.states.size)))


def _compare(what: str, theirs: Iterable[str], ours: Iterable[str]) -> None:
    service, shop = set(theirs), set(ours)
    for here, there, name in (
        (service, shop, "the service has and the shop has not"),
        (shop, service, "the shop has and the service has not"),
    ):
        if here - there:
            raise ValueError(
                f"the service is one of another shop: {len(here - there):,} {what} {name}, such as "
                f"{min(here - there)!r}; give --shop the file that the service was started with"
            )


def simulate(
    client: Client, world: World, batch: int = 1, seed: int = 0, rate: float | None = None, progress: bool = True
) -> Served:
    """Lets the customers of a world come to a service: those that `evaluate` has for the same batch and seed.

    Args:
        client: of the service, which has the products and states of the world.
        world: of the customers, and how many visits.
        batch: visits of a request, decided before the responses to any of them are told.
        seed: of the customers.
        rate: visits per second, at most.
        progress: whether to show a progress bar with the rate.

    Raises:
        ConnectionError: the service goes away and does not come back.
        ValueError: the service refuses what it should not, or shows what the shop does not have.
    """
    if not 1 <= batch <= MOST:
        raise ValueError(f"a request has 1..{MOST:,} visits, got a batch of {batch:,}")
    serving, by_state = Serving(world.simulator, batch, seed), keeps_references(world.simulator)
    states, number = world.simulator.states, {str(id_): index for index, id_ in enumerate(world.shop.catalogue.ids)}
    sums = np.zeros(4)  # reward earned, expected, of random and of the best slates
    waited, refused, done, begin = [], [], 0, time.perf_counter()
    with tqdm(total=world.visits, desc="customers", unit=" visits", disable=not progress, mininterval=0.5) as bar:
        while done < world.visits:
            rows = min(batch, world.visits - done)
            if rate is not None:
                time.sleep(max(0.0, begin + done / rate - time.perf_counter()))
            simulator, visits = serving.present, serving.visits.rows(np.arange(rows))
            asked = time.perf_counter()
            decisions = client.decide(visits_as_json(simulator.seen(visits), states))
            waited.append(time.perf_counter() - asked)
            slates = _slates(decisions, number, simulator.slate_size)
            outcome = serving.show(np.resize(slates, (batch, simulator.slate_size)))  # of the last batch, not all count
            given = visits.state if by_state else visits
            expected = simulator.expected_reward(given, slates)
            random, optimal = world.references.look_up(simulator, given)
            told = [
                {
                    "decision": decision["decision"],
                    "responses": [WORDS[response] for response in outcome.response[row].tolist()],
                    "regret": float(optimal[row] - expected[row]),
                }
                for row, decision in enumerate(decisions)
            ]
            for feedback, besides in zip(told, _besides(outcome.visits, rows, world.shop.catalogue.ids), strict=False):
                feedback["besides"] = besides
            refused += _refusals(client.tell(told))
            sums += [outcome.reward[:rows].sum(), expected.sum(), random.sum(), optimal.sum()]
            done += rows
            bar.update(rows)
    reward, shown, random_, best = sums / done
    median, slow = np.quantile(waited, [0.5, 0.99])
    took = time.perf_counter() - begin
    return Served(
        done, reward, best - shown, float(share_of_gap(shown, random_, best)), done / took, median, slow, tuple(refused)
    )


def visits_as_json(seen: SeenVisits, states: StateSpace) -> list[dict[str, Any]]:
    """Visits as `/decide` takes them: by state; those of customers whom one knows, with the customer and the time."""
    visits: list[dict[str, Any]] = [{"state": states.label(state)} for state in seen.state.tolist()]
    days = seen.date.astype("datetime64[D]").astype(str).tolist()
    for visit, customer, day in zip(visits, seen.customer.tolist(), days, strict=True):
        if customer != UNKNOWN:
            visit |= {"customer": str(customer), "time": day + MIDDAY}
    return visits


def _slates(decisions: list[dict[str, Any]], number: dict[str, int], slate_size: int) -> NDArray[np.int64]:
    """(B, n) indexes of the products shown.

    Raises:
        ValueError: the shop does not have one, or the slates are of another size.
    """
    slates = [[number.get(product["id"], -1) for product in decision["products"]] for decision in decisions]
    for slate, decision in zip(slates, decisions, strict=True):
        if len(slate) != slate_size or min(slate) < 0:
            shown = ", ".join(repr(product["id"]) for product in decision["products"])
            raise ValueError(f"the service shows {shown}; a slate has {slate_size} products of the shop")
    return np.array(slates, dtype=np.int64)


def _besides(after: Visits, rows: int, ids: NDArray) -> list[list[str]]:
    """What each of the first visits has bought besides its slate; nothing at all where no one buys besides.

    The basket of a visit is the end of its customer's record.
    """
    if not isinstance(after, PeopleVisits):
        return []
    ends, record = after.record.start[1 : rows + 1].tolist(), after.record.product
    sizes = after.basket[:rows].tolist()
    return [[str(id_) for id_ in ids[record[end - size : end]]] for end, size in zip(ends, sizes, strict=True)]


def _refusals(answers: list[dict[str, Any]]) -> list[str]:
    """Why feedback was refused. A service that was killed may have forgotten a decision, or closed it meanwhile.

    Raises:
        ValueError: another reason is given.
    """
    refused = [answer for answer in answers if answer["status"] == "refused"]
    for answer in refused:
        if answer["code"] not in (404, 409):
            raise ValueError(f"the service refuses a feedback with {answer['code']}, {answer['detail']}")
    return [f"{answer['decision']}: {answer['detail']}" for answer in refused]
