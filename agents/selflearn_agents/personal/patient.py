"""Our best agent where a visit changes those after it: what it shows is worth what it earns now and costs later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.personal.agent import PersonalAgent
from selflearn_agents.personal.prospect import Prospect
from selflearn_env.core.numbers import is_number
from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.history import History


class PatientAgent(PersonalAgent):
    """`PersonalAgent`, which also thinks of the visits to come.

    A slate that shows once more what the customer has ignored bores, and a bored customer looks less at everything for
    some visits. `Prospect` learns by least squares what this costs. The value of a slate is a sum over its slots, as in
    SlateQ (Ie et al. 2019):

        Q(slate) = sum over slots of  worth now - price * P(ignored) * [the customer has ignored it lately]

    with the rewards of this visit, as far as they are more than those of a slate that is ignored, as worth. The other
    things that a visit leaves behind, tiredness and satiation, concern one product each: the best of each visit turns
    to others by itself.

    Slate: the products of greatest value, with the bonus of `PersonalAgent` for what is not known of a product.

    With a discount of 0 it is `PersonalAgent`. That customers who find nothing may leave for good is not foreseen.
    Cost and memory are those of `PersonalAgent`.
    """

    parts = {**PersonalAgent.parts, "prospect": Prospect}  # noqa: RUF012

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        discount: float = 0.95,
        optimism: float = 0.65,
    ):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            discount: what a visit counts against the customer's visit before it, 0 <= discount < 1.
            optimism: as in `PersonalAgent`.

        Raises:
            ValueError: a number is out of range.
        """
        super().__init__(history, slate_size, rng, optimism=optimism)
        if not is_number(discount) or not 0 <= discount < 1:
            raise ValueError(
                f"discount is what the next visit counts against this one, 0 <= discount < 1, got {discount!r}"
            )
        self.prospect = Prospect(float(discount), self.slate_size)

    @property
    def price(self) -> float:  # type: ignore[override]
        """Of one slot that is ignored and shows what had been ignored before, in rewards."""
        return self.prospect.price

    @property
    def worth(self) -> NDArray[np.float64]:  # type: ignore[override]
        """(2,) rewards of a purchase and of a click, above that of neither."""
        return self.prospect.worth

    def _look_ahead(
        self,
        seen: SeenVisits,
        responses: NDArray[np.int8],
        item_rewards: NDArray[np.float64],
        appeal: NDArray[np.float64],
        attention: NDArray[np.float64],
        bored: NDArray[np.float64],
    ) -> None:
        """Learns what boredom costs."""
        known = np.flatnonzero(seen.customer >= 0)
        self.prospect.earn(responses, item_rewards)
        mood = np.exp(self.effects.strength[5] * bored)
        (buy, click), look = self.model.factors
        look = look[: responses.shape[1]]
        lost = self.prospect.lost(buy * look * appeal * attention, click * look * np.sqrt(appeal) * attention, mood)
        self.prospect.learn(bored[known], lost[known], self.showings.bored[seen.customer[known]])
