"""Purchases and clicks as observations of the appeal of what was shown."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.rewards import BOUGHT, CLICKED

SURE = 0.95  # greatest probability of a response that is foreseen: a surprise stays finite
SLOT_WEIGHT = 100.0  # responses that the belief in equal slots is worth


class Responses:
    """How probable a purchase and a click are, given the log-appeal u of what is shown.

    It is bought with b = x exp(u) e_k in slot k, and otherwise clicked with q = y exp(u / 2) e_k. x, y and e_k are
    ratios of the responses so far to what was expected at 1.

    Attributes:
        tally: (2, 2 + n) seen, expected at 1; of purchases, clicks, and the slots.
    """

    def __init__(self, slots: int):
        """Equal slots, and the history's scale."""
        self.tally = np.ones((2, 2 + slots))
        self.tally[:, 2:] = SLOT_WEIGHT

    def buys(self, u: NDArray) -> NDArray[np.float64]:
        """Probability that a product of log-appeal u is bought."""
        seen, expected = self.tally[:, 0]
        return np.minimum(seen / expected * np.exp(u.astype(np.float64)), 1.0)

    def judge(self, u: NDArray, slots: NDArray, responses: NDArray) -> tuple[NDArray, NDArray]:
        """Learns x, y and e_k from responses (N,) to products of log-appeal u (N,) in slots (N,).

        Returns:
            Information and score (N,) of the responses: of their log-likelihood, minus the second derivative in u as
            expected, b / (1 - b) + (1 - b) q / (4 (1 - q)), and the first.
        """
        ratio = self.tally[0] / self.tally[1]
        scale, look = ratio[:2], ratio[2:]
        chance = np.multiply.outer([1.0, 0.5], u)
        np.exp(chance, out=chance)
        chance *= scale[:, None]
        chance *= look.take(slots)
        np.minimum(chance, SURE, out=chance)
        left = 1.0 - chance
        odds = chance / left
        chance[1] *= left[0]
        bought, clicked = responses == BOUGHT, responses == CLICKED
        information = odds[0] + 0.25 * left[0] * odds[1]
        score = np.where(bought, 1.0, np.where(clicked, 0.5, -0.5 * odds[1]) - odds[0])

        self.tally[0, :2] += np.count_nonzero(bought), np.count_nonzero(clicked)
        self.tally[1, :2] += chance.sum(axis=1) / scale
        self.tally[0, 2:] += np.bincount(slots, bought + 0.5 * clicked, len(look))
        self.tally[1, 2:] += np.bincount(slots, chance[0] + 0.5 * chance[1], len(look)) / look
        return information, score

    def judge_few(self, u: list[float], slots: list[int], responses: list[int]) -> tuple[list[float], list[float]]:
        """The same, number by number: of ten responses, in an eighth of the time."""
        seen, due = self.tally.tolist()
        x, y = seen[0] / due[0], seen[1] / due[1]
        information, score = [], []
        for one, slot, response in zip(u, slots, responses, strict=True):
            appeal, at = exp(one), 2 + slot
            look = seen[at] / due[at]
            buy, click = x * appeal * look, y * sqrt(appeal) * look
            if buy > SURE:
                buy = SURE
            if click > SURE:
                click = SURE
            left = 1.0 - buy
            odds, odds_click, clicks = buy / left, click / (1.0 - click), left * click
            information.append(odds + 0.25 * left * odds_click)
            if response == BOUGHT:
                score.append(1.0)
                seen[0] += 1.0
                seen[at] += 1.0
            elif response == CLICKED:
                score.append(0.5 - odds)
                seen[1] += 1.0
                seen[at] += 0.5
            else:
                score.append(-0.5 * odds_click - odds)
            due[0] += buy / x
            due[1] += clicks / y
            due[at] += (buy + 0.5 * clicks) / look
        self.tally[:] = seen, due
        return information, score
