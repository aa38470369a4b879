"""The rules of customer models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers import CustomerModel
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.slates import repeats
from selflearn_env.shop.shop import Shop
from selflearn_env.testing.contract import BrokenRuleError, generators, kept_generators, seed_generators

VISITS = 130_000  # of one slate
MOST = 4.5  # standard errors: by chance, one of about a hundred shares is so far off in one of a thousand checks
SEVERAL = (Rewards(), Rewards(buy=1.0, click=4.0), Rewards(buy=-3.0, click=-1.0, ignore=-2.0))


@dataclass(frozen=True, eq=False)
class CustomerTrial:
    """A customer model that is tried.

    Attributes:
        name: of the model, for messages.
        kind: its class.
        options: its own keyword arguments.
        shop: the shop whose customers it models; it has few products, since every possible slate is tried.
        slate_size: products per slate, n.
    """

    name: str
    kind: type[CustomerModel]
    options: Mapping[str, Any]
    shop: Shop
    slate_size: int

    def make(self) -> CustomerModel:
        """A fresh model."""
        return self.kind.for_shop(self.shop.demand(), self.slate_size, **self.options)

    @cached_property
    def model(self) -> CustomerModel:
        """A model that several rules share."""
        return self.make()

    @cached_property
    def every_slate(self) -> NDArray[np.int64]:
        """(N, n) all slates of distinct products."""
        return np.array(list(permutations(range(self.shop.products), self.slate_size)))

    def some(self) -> tuple[NDArray, NDArray, NDArray | None, NDArray]:
        """Arguments for `respond`: each state once, slates that often repeat a product, small draws (many purchases).

        Returns:
            States (S,), slates (S, n), whether each slot repeats a product (S, n) or None, and draws (S, uniforms).
        """
        rng, states = np.random.default_rng(9), np.arange(self.shop.states.size)
        slates = rng.integers(self.shop.products, size=(len(states), self.slate_size))
        return states, slates, repeats(slates), rng.random((len(states), self.model.uniforms)) ** 4

    def require(self, kept: Any, sentence: str) -> None:
        """Checks that a rule is kept.

        Raises:
            BrokenRuleError: it is not; the sentence follows the model's name.
        """
        if not kept:
            raise BrokenRuleError(f"{self.name} {sentence}")


def responds_with_0_1_or_2(trial: CustomerTrial) -> None:
    """Responses are (B, n) int8, 0 ignored, 1 clicked or 2 bought, and a slot that repeats a product is ignored."""
    uniforms = trial.model.uniforms
    trial.require(
        isinstance(uniforms, int) and uniforms >= 0,
        f"has uniforms = {uniforms!r}; make it a whole number, 0 or more: how many uniform draws a visit takes",
    )
    states, slates, repeated, draws = trial.some()
    for rows in (slice(None), slice(1), slice(0)):
        response = trial.model.respond(states[rows], slates[rows], repeats(slates[rows]), draws[rows])
        shape = slates[rows].shape
        trial.require(
            isinstance(response, np.ndarray) and response.dtype == np.int8 and response.shape == shape,
            f"responds with {_described(response)}; return an int8 array of shape {shape}, such as "
            f"np.zeros(slates.shape, dtype=np.int8)",
        )
        trial.require(
            np.isin(response, [0, 1, 2]).all(),
            "responds with other numbers than 0 (ignored), 1 (clicked) and 2 (bought)",
        )
    if repeated is not None:
        response = trial.model.respond(states, slates, repeated, draws)
        trial.require(
            (response[repeated] == 0).all(),
            "responds to a slot that repeats a product; such slots, `repeated`, are always ignored",
        )


def has_probabilities(trial: CustomerTrial) -> None:
    """Probabilities are (B, n, 3), of ignored, clicked, bought, add up to 1, and repeats are surely ignored."""
    states, slates, repeated, _ = trial.some()
    for probability, what in (
        (trial.model.response_probability(states, slates, repeated), "response_probability"),
        (trial.model.random_response_probability(states), "random_response_probability"),
    ):
        shape = (*slates.shape, 3)
        trial.require(
            isinstance(probability, np.ndarray) and probability.shape == shape,
            f"has a `{what}` of {_described(probability)}; return floats of shape {shape}",
        )
        trial.require(
            ((probability >= 0) & (probability <= 1)).all() and np.allclose(probability.sum(axis=-1), 1.0, rtol=1e-12),
            f"has a `{what}` whose three numbers are not probabilities that add up to 1",
        )
    probability = trial.model.response_probability(states, slates, repeated)
    trial.require(
        repeated is None or (probability[repeated] == [1.0, 0.0, 0.0]).all(),
        "has a `response_probability` that is not 1, 0, 0 in a slot that repeats a product; such slots are always "
        "ignored",
    )


def responds_as_often_as_its_probabilities_say(trial: CustomerTrial) -> None:
    """Simulated responses are as frequent as `response_probability` says, in slates with and without repeats."""
    state = int(trial.shop.customers.visits().argmax())
    for number, slate in enumerate(_slates_of_all_kinds(trial)):
        slates = np.tile(slate, (VISITS, 1))
        uniforms = np.random.default_rng(7 + number).random((VISITS, trial.model.uniforms))
        response = trial.model.respond(np.full(VISITS, state), slates, repeats(slates), uniforms)
        share = np.stack([(response == kind).mean(axis=0) for kind in range(3)], axis=-1)
        exact = trial.model.response_probability(np.array([state]), slates[:1], repeats(slates[:1]))[0]
        excess = np.abs(share - exact) - MOST * np.sqrt(exact * (1 - exact) / VISITS)
        slot, kind = np.unravel_index(excess.argmax(), excess.shape)
        trial.require(
            excess.max() <= 0,
            f"{('ignores', 'clicks', 'buys')[kind]} slot {slot} of the slate {slate.tolist()} in a share "
            f"{share[slot, kind]:.4f} of the visits, but `response_probability` says {exact[slot, kind]:.4f}; change "
            f"`respond` or `response_probability` until they agree",
        )


def _slates_of_all_kinds(trial: CustomerTrial) -> list[NDArray[np.int64]]:
    """The first products, others, one shown twice, and one shown in all slots."""
    every, n = np.arange(trial.shop.products), trial.slate_size
    twice = every[4 : 4 + n].copy()
    twice[1:2] = twice[0]
    return [every[:n], every[::-2][:n] if len(every) >= 2 * n else every[::-1][:n], twice, np.full(n, 2)]


def knows_random_slates(trial: CustomerTrial) -> None:
    """`random_response_probability` is the average over all slates of distinct products."""
    slates, size = trial.every_slate, trial.shop.states.size
    for state in (0, size // 7, size - 1):
        every = trial.model.response_probability(np.full(len(slates), state), slates, None).mean(axis=0)
        found = trial.model.random_response_probability(np.array([state]))[0]
        trial.require(
            np.allclose(found, every, rtol=1e-6, atol=1e-12),
            f"has a `random_response_probability` that is not the average over all slates: of state {state}, slot 0, "
            f"{found[0].round(5).tolist()}, but the average is {every[0].round(5).tolist()}",
        )


def knows_best_slates(trial: CustomerTrial) -> None:
    """No slate of distinct products earns more than `optimal_slate`, whatever the rewards."""
    slates = trial.every_slate
    for rewards in SEVERAL:
        for state in range(0, trial.shop.states.size, 37):
            every = trial.model.response_probability(np.full(len(slates), state), slates, None) @ rewards.by_response
            best = trial.model.optimal_slate(np.array([state]), rewards)
            trial.require(
                best.shape == (1, trial.slate_size) and len(set(best[0].tolist())) == trial.slate_size,
                f"has a best slate {np.asarray(best).tolist()}, which are not {trial.slate_size} distinct products",
            )
            found = (trial.model.response_probability(np.array([state]), best, None) @ rewards.by_response).sum()
            most = every.sum(axis=1).argmax()
            trial.require(
                np.isclose(found, every[most].sum(), rtol=1e-12, atol=1e-12),
                f"has the best slate {best[0].tolist()} in state {state} with {rewards}, which earns {found:.6g}, but "
                f"{slates[most].tolist()} earns {every[most].sum():.6g}",
            )


def answers_each_visit_by_itself(trial: CustomerTrial) -> None:
    """The answer for a visit does not depend on the other visits, their order, or what was asked before."""
    states, slates, repeated, draws = trial.some()
    order = np.random.default_rng(2).permutation(len(states))
    some = order[:: max(1, len(order) // 10)]
    mask = np.zeros(slates.shape, dtype=bool) if repeated is None else repeated
    asks: dict[str, Callable[[CustomerModel, NDArray], NDArray]] = {
        "respond": lambda model, rows: model.respond(states[rows], slates[rows], mask[rows], draws[rows]),
        "response_probability": lambda model, rows: model.response_probability(states[rows], slates[rows], mask[rows]),
        "random_response_probability": lambda model, rows: model.random_response_probability(states[rows]),
        "optimal_slate": lambda model, rows: model.optimal_slate(states[rows], Rewards()),
    }
    for what, ask in asks.items():
        shuffled = ask(trial.make(), order)[np.argsort(order, kind="stable")]
        whole = ask(trial.model, np.arange(len(states))).copy()
        fresh = trial.make()
        alone = np.concatenate([ask(fresh, np.array([row])) for row in some])
        trial.require(
            np.allclose(whole, shuffled, rtol=1e-12) and np.allclose(whole[some], alone, rtol=1e-12),
            f"gives another `{what}` for a visit when other visits stand beside it, or were asked for before; use "
            f"only the row of the visit, and draw nothing",
        )
        ask(trial.model, some)[...] = -1
        trial.require(
            np.array_equal(ask(trial.model, np.arange(len(states))), whole),
            f"returns from `{what}` an array that it goes on using, so that who writes to it changes the model; "
            f"return a copy",
        )


def draws_nothing_and_writes_to_nothing(trial: CustomerTrial) -> None:
    """Equal draws give equal responses; the model draws nothing itself, and does not write to its arguments."""
    given = trial.some()
    copies = [None if array is None else array.copy() for array in given]
    with kept_generators():
        runs = []
        for outside in (1, 2):
            seed_generators(outside)
            before = generators()
            model = trial.make()
            best = model.optimal_slate(given[0], SEVERAL[1])
            runs.append([model.respond(*given), model.response_probability(*given[:3]), best])
            used = [name for name, state in generators().items() if before[name] != state]
            trial.require(
                not used,
                f"draws from {' and '.join(used)}, which the whole program shares; use the uniform draws instead",
            )
    for name, one, other in zip(("respond", "response_probability", "optimal_slate"), *runs, strict=True):
        trial.require(np.array_equal(one, other), f"gives another `{name}` when it is asked again; draw nothing")
    for name, one, other in zip(("states", "slates", "repeated", "uniforms"), copies, given, strict=True):
        trial.require(
            one is None or other is None or np.array_equal(one, other),
            f"writes to the {name} that it is given; work on a copy",
        )


def is_not_changed_by_its_changes(trial: CustomerTrial) -> None:
    """A drift by a factor of 1, all products offered, and full attention change nothing, and never the model itself."""
    given, products = trial.some(), trial.shop.products
    whole = np.ones(given[1].shape, dtype=np.float32)

    def answers(model: CustomerModel) -> list[NDArray]:
        return [model.respond(*given), model.response_probability(*given[:3])]

    before = answers(trial.model)
    changes: dict[str, Callable[[], CustomerModel]] = {
        "drifted by a factor of 1": lambda: trial.model.drifted(np.ones(products)),
        "offered all products": lambda: trial.model.offered(np.arange(products)),
        "given full attention": lambda: trial.model.attending(whole),
    }
    for what, change in changes.items():
        try:
            changed = change()
        except NotImplementedError:
            continue
        trial.require(
            all(map(np.array_equal, answers(changed), before)),
            f"gives other answers when it is {what}; that must change nothing",
        )
        trial.require(
            all(map(np.array_equal, answers(trial.model), before)),
            f"is itself changed when it is {what}; change and return a copy",
        )
    try:
        few = np.arange(1, products, 2)
        offered = trial.model.offered(few) if len(few) >= trial.slate_size else trial.model.offered(np.arange(products))
    except NotImplementedError:
        return
    best = offered.optimal_slate(given[0], Rewards())
    trial.require(
        len(few) < trial.slate_size or np.isin(best, few).all(),
        "has best slates with products that are not offered; choose from the offered ones only",
    )


def _described(found: Any) -> str:
    return f"{found.dtype} of shape {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
