"""How strong is what sets customers of one state apart, learned from their responses."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.hierarchical.conditioning import SURE, shown_above
from selflearn_agents.hierarchical.model import FEW, MANY
from selflearn_env.core.compiling import Loop
from selflearn_env.core.rewards import BOUGHT, CLICKED
from selflearn_env.core.seen import SeenVisits
from selflearn_env.declared import Declared, check_positive, numbers, whole

NUMBERS, TRUSTS = 6, 2  # strengths, of which the first are trust
HALF_LIVES = np.array([15.0, 60.0])  # days, of what a purchase leaves behind
FAITH, OPEN = 50.0, 4.0  # precision before any response: of trust, of all others
PRIOR = np.diag([FAITH, FAITH, OPEN, OPEN, OPEN, OPEN])
LEAST, MOST = np.array([0.0, 0.0, -1.0, -2.0, -2.0, -4.0]), np.array([1.0, 3.0, 0.0, 1.0, 1.0, 0.0])
STEPS = 3  # of Newton's method, for each part of a batch


class Effects:
    """Six numbers, the strengths of what sets customers apart, and what the responses say of them.

    The appeal a of a product to a customer is

        (1 + taste (ratio - 1)) usual + again * own

    with `ratio` and `own` as `Household` foresees them, and attention is a factor of both probabilities of a response:

        exp(tired * tiredness + soon * 2^(-d / 15) + later * 2^(-d / 60) + bored * boredom)

    with the tiredness and boredom of `Showings`, and d the days since the customer last bought the product; without
    the two terms where it never has. At the start the first two are 1, trust in the persons' model, and the others 0.

    Update: a normal belief about all six, with g and j as in `HierarchicalAgent`, but for the logarithms of both
    probabilities, and their slopes in the six: an iterated extended Kalman filter (Fahrmeir 1992), with a batch in
    parts as there. Each visit counts in proportion to the number of visits before it.

    Attributes:
        strength: (6,) in this order: taste, again, tired, soon, later, bored; each within `LEAST` and `MOST`.
        precision: (6, 6) of the belief.
        visits: learned so far.
    """

    declared: ClassVar[Declared] = {
        "visits": whole(),
        "strength": numbers(NUMBERS, least=LEAST.min(), most=MOST.max()),
        "precision": numbers(NUMBERS, NUMBERS),
    }

    def __init__(self) -> None:
        """The persons' model is trusted, and nobody tires."""
        self.strength = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
        self.precision = PRIOR.copy()
        self.visits = 0

    def check_kept(self) -> None:
        """Sees that strengths are within their bounds, and the precision that of a belief.

        Raises:
            ValueError: it is not so.
        """
        if ((self.strength < LEAST) | (self.strength > MOST)).any():
            raise ValueError("has a strength out of bounds")
        check_positive(self.precision)

    @property
    def trust(self) -> NDArray[np.float64]:
        """(2,) in the taste, 0..1, and in what is bought again, 0..3."""
        return self.strength[:TRUSTS]

    def attention(self, causes: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B, n) attention to what has such causes (B, n, 4)."""
        return np.exp(causes @ self.strength[TRUSTS:])

    def learn(
        self,
        slates: NDArray[np.int64],
        responses: NDArray[np.int8],
        usual: NDArray[np.float64],
        ratio: NDArray[np.float64],
        own: NDArray[np.float64],
        causes: NDArray[np.float64],
        factors: tuple[NDArray[np.float64], NDArray[np.float64]],
    ) -> None:
        """Learns from responses (B, n); of a product shown twice only the first slot counts.

        Args:
            slates: what was shown.
            responses: what was done.
            usual: (B, n) appeal of the products to a usual person.
            ratio: (B, n) that to this one, beside its record, over it.
            own: (B, n) appeal of what is bought again.
            causes: (B, n, 4) what attention depends on.
            factors: x and y, and e_k, of the model.
        """
        begin = 0
        while begin < len(responses):
            part = slice(begin, begin + min(MANY, max(FEW, self.visits)))
            given = [each[part] for each in (slates, responses, usual, ratio, own, causes)]
            # What was foreseen at first was crude, and what it says of the strengths is wrong.
            self.precision = PRIOR + (self.precision - PRIOR) * (self.visits / (self.visits + len(given[0])))
            learn(*given, *factors, self.strength, self.precision, LEAST, MOST)
            self.visits += len(given[0])
            begin = part.stop


def causes_of(seen: SeenVisits, slates: NDArray[np.int64], tired: NDArray, bored: NDArray) -> NDArray[np.float64]:
    """(B, n, 4) what attention to the products in slates (B, n) depends on, given tiredness (B, n), boredom (B,)."""
    causes = np.empty((*slates.shape, 4))
    causes[:, :, 0], causes[:, :, 3] = tired, bored[:, None]
    record = seen.record
    since_bought(slates, record.start, record.product, record.day, seen.date, HALF_LIVES, causes)
    return causes


@Loop
def since_bought(slates, start, product, day, date, half_lives, causes):  # type: ignore[no-untyped-def]
    """Fills in what the days since the last purchase of each product leave, 0 where there was none."""
    for v in range(len(slates)):
        for slot in range(slates.shape[1]):
            causes[v, slot, 1] = causes[v, slot, 2] = 0.0
            for i in range(start[v + 1] - 1, start[v] - 1, -1):
                if product[i] == slates[v, slot]:
                    days = np.float64(max(date[v] - day[i], 0))
                    causes[v, slot, 1] = math.exp2(-days / half_lives[0])
                    causes[v, slot, 2] = math.exp2(-days / half_lives[1])
                    break


@Loop
def learn(  # type: ignore[no-untyped-def]
    slates, responses, usual, ratio, own, causes, scale, look, strength, precision, least, most
):
    """Conditions the strengths on responses (B, n): some steps to the most likely ones, each at the one before."""
    before = strength.copy()
    for step in range(STEPS):
        pull, found = evidence(slates, responses, usual, ratio, own, causes, scale, look, strength)
        for one in range(NUMBERS):
            for other in range(NUMBERS):
                pull[one] += precision[one, other] * (before[other] - strength[other])
                found[one, other] += precision[one, other]
        if step == STEPS - 1:
            precision[:] = found
        solve(found, pull)
        for one in range(NUMBERS):
            strength[one] = min(max(strength[one] + pull[one], least[one]), most[one])


@Loop
def solve(matrix, right):  # type: ignore[no-untyped-def]
    """Solves a system with a positive definite matrix by elimination; both are overwritten, `right` by the solution."""
    size = len(right)
    for one in range(size):
        for other in range(one + 1, size):
            share = matrix[other, one] / matrix[one, one]
            for place in range(one, size):
                matrix[other, place] -= share * matrix[one, place]
            right[other] -= share * right[one]
    for one in range(size - 1, -1, -1):
        for place in range(one + 1, size):
            right[one] -= matrix[one, place] * right[place]
        right[one] /= matrix[one, one]


@Loop
def evidence(  # type: ignore[no-untyped-def]
    slates, responses, usual, ratio, own, causes, scale, look, strength
):
    """(6,) sums of the slopes of the log-likelihood of responses in the strengths, and (6, 6) of its information."""
    pull, found = np.zeros(NUMBERS), np.zeros((NUMBERS, NUMBERS))
    buying, clicking = np.empty(NUMBERS), np.empty(NUMBERS)  # slopes of the logarithms of both probabilities
    for v in range(len(slates)):
        for slot in range(slates.shape[1]):
            if shown_above(slates[v, slot], slates[v], slot):
                continue
            appeal = usual[v, slot] * (1.0 + strength[0] * (ratio[v, slot] - 1.0)) + strength[1] * own[v, slot]
            buying[0] = usual[v, slot] * (ratio[v, slot] - 1.0) / appeal
            buying[1] = own[v, slot] / appeal
            clicking[0], clicking[1] = 0.5 * buying[0], 0.5 * buying[1]
            attention = 0.0
            for cause in range(NUMBERS - TRUSTS):
                buying[TRUSTS + cause] = clicking[TRUSTS + cause] = causes[v, slot, cause]
                attention += strength[TRUSTS + cause] * causes[v, slot, cause]
            seen = look[slot] * math.exp(attention)
            buy = min(scale[0] * appeal * seen, SURE)
            click = min(scale[1] * math.sqrt(appeal) * seen, SURE)
            bought, clicked = 1.0 * (responses[v, slot] == BOUGHT), 1.0 * (responses[v, slot] == CLICKED)
            at_buying, much_buying = (bought - buy) / (1.0 - buy), buy / (1.0 - buy)
            at_clicking = (1.0 - bought) * (clicked - click) / (1.0 - click)
            much_clicking = (1.0 - buy) * click / (1.0 - click)
            for one in range(NUMBERS):
                pull[one] += at_buying * buying[one] + at_clicking * clicking[one]
                for other in range(NUMBERS):
                    found[one, other] += much_buying * buying[one] * buying[other]
                    found[one, other] += much_clicking * clicking[one] * clicking[other]
    return pull, found
