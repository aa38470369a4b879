"""Beliefs about the appeal of the products, and how they follow from the responses."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.compiling import Loop
from selflearn_agents.hierarchical.prior import Prior
from selflearn_env.core.rewards import BOUGHT, CLICKED

FIRST_REFIT = 500  # visits before the variances are fitted first, then at each doubling
FEW, MANY = 64, 1024  # visits learned at once at most, while few have been learned, and later
STEPS = 3  # of a refit, each with as large a part of the products shown
WEIGHT = 20.0 / STEPS  # squared deviations that the variances before are worth in each step
SLOT_WEIGHT = 100.0  # responses that the belief in equal slots is worth
SURE = 0.95  # greatest probability of a response that is foreseen: a surprise stays finite


class Model:
    """Normal beliefs about the log-appeal u of each product in each state; `HierarchicalAgent` has the formulas.

    A product is believed to be what the prior says until it is shown in a block. From then on it has a row: a normal
    vector over the Q states of the block, conditioned on each response as on a noisy observation of one place.

    Attributes, beside those of `Prior`, whose mean is `prior_mean` here:
        row: (M, P) the row of each product in each block, -1 for those never shown there.
        rows: how many there are, R. The tables of rows have room for more.
        owner: (R, 2) block and product of each row.
        first, last: (M,) the first and the last row of each block, -1 for none; `following`, (R,) the row after each.
        mean, variance: (R, Q) of u.
        covariance: (R, Q // 2, Q) of u, by circular diagonals: line d - 1 has that of each place q with (q + d) % Q.
        precision, precision_mean: (R, Q) sum of the precisions j of the observations, and of j times what was observed.
        tally: (2, 2 + n) seen, expected at 1: of purchases, clicks, and the slots.
        visit_count: (S,) visits learned of each state; `visits`, of all.
        added_variance, added_covariance: what the levels add to the variance, and (Q // 2 + 1, Q) to variance and
            covariance, by circular diagonals from the diagonal itself on.
        refits: whether the variances of the levels are fitted; `next_refit`, at how many visits.
    """

    def __init__(self, prior: Prior, slate_size: int, refits: bool = True):
        """Nothing is observed yet, slots are equal, and purchases and clicks as frequent as the prior has it."""
        self.block, self.place, self.members = prior.block, prior.place, prior.members
        self.prior_mean, self.common_variance = prior.mean, prior.common_variance
        self.same_group = prior.same_group
        self._set_level_variance(prior.level_variance)
        (blocks, products), places = self.common_variance.shape, self.members.shape[1]
        self.row = np.full((blocks, products), -1, dtype=np.int32)
        self.rows = 0
        self.owner = np.zeros((0, 2), dtype=np.int64)
        self.first, self.last, self.following = np.full(blocks, -1), np.full(blocks, -1), np.zeros(0, dtype=np.int64)
        self.mean, self.variance, self.precision, self.precision_mean = np.zeros((4, 0, places), dtype=np.float32)
        self.covariance = np.zeros((0, places // 2, places), dtype=np.float32)
        self.tally = np.ones((2, 2 + slate_size))
        self.tally[:, 2:] = SLOT_WEIGHT
        self.visit_count, self.visits = np.zeros(len(self.block), dtype=np.int64), 0
        self.refits, self.next_refit = refits, FIRST_REFIT

    @property
    def prior(self) -> Prior:
        """What was believed before any response, with the variances of the levels as they are now."""
        return Prior(
            *(self.block, self.place, self.members, self.prior_mean, self.common_variance, self.level_variance),
            self.same_group,
        )

    def _set_level_variance(self, level_variance: NDArray[np.float64]) -> None:
        """Notes the variances (L,) of the levels, and what they add to the variance and covariance of the states."""
        self.level_variance = level_variance
        added = np.tensordot(level_variance, self.same_group, axes=1)  # (Q, Q)
        places, gaps = np.arange(len(added)), np.arange(len(added) // 2 + 1)
        self.added_variance = float(added[0, 0])
        self.added_covariance = added[places, (places + gaps[:, None]) % len(added)]

    def observe(self, states: NDArray[np.int64], slates: NDArray[np.int64], responses: NDArray[np.int8]) -> None:
        """Learns from the responses (B, n) to slates (B, n) in states (B,); of a product shown twice, from the first.

        A large batch is learned in parts, and each part as it looked when its first visit was learned.
        """
        begin = 0
        while begin < len(states):
            part = slice(begin, begin + min(MANY, max(FEW, self.visits)))
            begin = part.stop
            self._observe(states[part], slates[part], responses[part])

    def _observe(self, states: NDArray[np.int64], slates: NDArray[np.int64], responses: NDArray[np.int8]) -> None:
        self._begin(begin_rows(states, slates, self.block, self.row, self.rows))
        observe(
            states, slates, responses, self.block, self.place, self.row, self.mean, self.variance, self.covariance,
            self.precision, self.precision_mean, self.tally, self.visit_count,
        )  # fmt: skip
        self.visits += len(states)
        if self.refits and self.visits >= self.next_refit:
            while self.visits >= self.next_refit:
                self.next_refit *= 2
            self.refit()

    def follow(self, block: int, products: NDArray[np.int64]) -> None:
        """Gives rows to products (N,) that were not shown in the block yet."""
        one, one_by_one = np.full(len(products), self.members[block, 0]), products[:, None]
        self._begin(begin_rows(one, one_by_one, self.block, self.row, self.rows))

    def _begin(self, owners: NDArray[np.int64]) -> None:
        """Notes the owners (N, 2) of new rows, and what the prior says of them."""
        if not len(owners):
            return
        first, self.rows = self.rows, self.rows + len(owners)
        if self.rows > len(self.owner):  # twice the room, so that it is seldom copied
            for name in ("owner", "following", "mean", "variance", "covariance", "precision", "precision_mean"):
                table = getattr(self, name)
                room = np.zeros((self.rows, *table.shape[1:]), dtype=table.dtype)
                setattr(self, name, np.concatenate([table, room]))
        self.owner[first : self.rows] = owners
        for row, block in enumerate(owners[:, 0].tolist(), first):
            if self.first[block] < 0:
                self.first[block] = row
            else:
                self.following[self.last[block]] = row
            self.last[block], self.following[row] = row, -1
        self._condition_anew(first, 1)

    def _condition_anew(self, first: int, step: int) -> None:
        """Sets the rows first, first + step, ... to the prior, conditioned on all that was observed of them."""
        condition_anew(
            np.arange(first, self.rows, step), self.owner, self.members, self.prior_mean, self.common_variance,
            self.added_covariance, self.precision, self.precision_mean, self.mean, self.variance, self.covariance,
        )  # fmt: skip

    def replace_observations(self, precision: NDArray, precision_mean: NDArray) -> None:
        """Puts observations (R, Q) of all rows in the place of those so far, and conditions on them."""
        self.precision[: self.rows], self.precision_mean[: self.rows] = precision, precision_mean
        self._condition_anew(0, 1)

    def refit(self) -> None:
        """Fits the variances of the levels to all observations so far, and works out the beliefs anew.

        With V the covariance of a row's observations z, their errors included, J their precisions, and m and K the
        row's conditioned mean and covariance, what the formulas of `HierarchicalAgent` need are

            a = V^-1 (z - prior_mean) = J (z - m),    V^-1 = J - J K J

        by the matrix inversion lemma; places that were not observed add 0 to both.
        """
        for step in range(STEPS):
            if step:  # the first third is conditioned under the variances before
                self._condition_anew(step, STEPS)
            rows = np.arange(step, self.rows, STEPS)
            squares, expected = pull_squares(
                rows, self.precision, self.precision_mean, self.mean, self.variance, self.covariance
            )
            found = WEIGHT + self.level_variance * np.tensordot(self.same_group, squares, axes=2)
            due = WEIGHT + self.level_variance * np.tensordot(self.same_group, expected, axes=2)
            self._set_level_variance(self.level_variance * np.sqrt(found / due))
        self._condition_anew(0, 1)

    def means(self, states: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B, P) means of the log-appeal in some states."""
        means = self.prior_mean[states]
        for mean, state in zip(means, states.tolist(), strict=True):
            rows = self.row[self.block[state]]
            shown = np.flatnonzero(rows >= 0)
            mean[shown] = self.mean[rows[shown], self.place[state]]
        return means

    def purchase_probability(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) probability that a product is bought when it is shown in a slot like any other."""
        seen, expected = self.tally[:, 0]
        return np.minimum(seen / expected * np.exp(self.means(states).astype(np.float64)), 1.0)


@Loop
def begin_rows(states, slates, block, row, rows):  # type: ignore[no-untyped-def]
    """Numbers the products that are shown in their blocks for the first time, from `rows` on.

    Returns:
        (N, 2) block and product of each.
    """
    owners = np.empty((slates.size, 2), dtype=np.int64)
    new = 0
    for visit in range(len(states)):
        home = block[states[visit]]
        for product in slates[visit]:
            if row[home, product] < 0:
                row[home, product] = rows + new
                owners[new, 0], owners[new, 1] = home, product
                new += 1
    return owners[:new]


@Loop
def condition(  # type: ignore[no-untyped-def]
    mean, variance, covariance, place, precision, precision_mean, column, change
):
    """Conditions a normal vector (Q,) on an observation of one place, by the Kalman filter's update.

    Args:
        mean: (Q,) of the vector, changed in place, as the next two are.
        variance: (Q,) of the vector.
        covariance: (Q // 2, Q) of the vector, by circular diagonals.
        place: which one was observed.
        precision: 1 / variance of the observation's error.
        precision_mean: the precision times what was observed.
        column: (2 Q,) float32, room for the column of the covariance, twice: so each line below it is one piece.
        change: (Q,) float32, room.
    """
    places = len(mean)
    take_column(variance, covariance, place, column)
    spread = 1.0 + precision * np.float64(variance[place])
    gain = (precision_mean - precision * np.float64(mean[place])) / spread
    loss = precision / spread
    for one in range(places):
        shared = np.float64(column[one])
        column[places + one] = column[one]
        change[one] = loss * shared
        mean[one] = np.float64(mean[one]) + gain * shared
        variance[one] = np.float64(variance[one]) - loss * shared * shared
    for gap in range(1, len(covariance) + 1):
        line, turned = covariance[gap - 1], column[gap : gap + places]
        for one in range(places):
            line[one] -= change[one] * turned[one]  # all three float32: half the time of float64


@Loop
def take_column(variance, covariance, place, column):  # type: ignore[no-untyped-def]
    """Writes the covariance of a place with every place into the column."""
    places = len(variance)
    column[place] = variance[place]
    for gap in range(1, len(covariance) + 1):
        before, after = place - gap, place + gap
        before += places if before < 0 else 0
        after -= places if after >= places else 0
        column[before], column[after] = covariance[gap - 1, before], covariance[gap - 1, place]


@Loop
def observe(  # type: ignore[no-untyped-def]
    states, slates, responses, block, place, row, mean, variance, covariance, precision, precision_mean, tally,
    visit_count,
):  # fmt: skip
    """Learns from the responses to some slates, all as they look before any of them is learned."""
    observed, sums = observations(states, slates, responses, block, place, row, mean, tally)
    places = mean.shape[1]
    column, change = np.empty(2 * places, dtype=np.float32), np.empty(places, dtype=np.float32)
    for number in range(len(observed)):
        belief = observed[number]
        for here in range(places):
            much, much_mean = sums[number, here, 0], sums[number, here, 1]
            if much > 0.0:
                condition(mean[belief], variance[belief], covariance[belief], here, much, much_mean, column, change)
                precision[belief, here] = np.float64(precision[belief, here]) + much
                precision_mean[belief, here] = np.float64(precision_mean[belief, here]) + much_mean
    for visit in range(len(states)):
        visit_count[states[visit]] += 1


@Loop
def observations(states, slates, responses, block, place, row, mean, tally):  # type: ignore[no-untyped-def]
    """Responses as normal observations of u at u + g / j with precision j; counts them in the tally.

    Returns:
        (N,) the rows of the products shown, and (N, Q, 2) the sums of their j, and of j u + g, in each place.
    """
    scale, look = tally[0, :2] / tally[1, :2], tally[0, 2:] / tally[1, 2:]  # x and y, e_k
    most = min(slates.size, len(mean))
    observed, sums = np.empty(most, dtype=np.int64), np.zeros((most, mean.shape[1], 2))
    number = np.full(len(mean), -1)  # where each row stands among those observed
    count = 0
    for visit in range(len(states)):
        home, here = block[states[visit]], place[states[visit]]
        for slot in range(slates.shape[1]):
            product = slates[visit, slot]
            if shown_above(product, slates[visit], slot):
                continue
            belief = row[home, product]
            if number[belief] < 0:
                number[belief], observed[count] = count, belief
                count += 1
            u = np.float64(mean[belief, here])
            bought, clicked = 1.0 * (responses[visit, slot] == BOUGHT), 1.0 * (responses[visit, slot] == CLICKED)
            appeal = math.exp(u)
            buy = min(scale[0] * appeal * look[slot], SURE)
            click = min(scale[1] * math.sqrt(appeal) * look[slot], SURE)  # if not bought
            score = (bought - buy) / (1.0 - buy) + 0.5 * (1.0 - bought) * (clicked - click) / (1.0 - click)
            information = buy / (1.0 - buy) + 0.25 * (1.0 - buy) * click / (1.0 - click)
            sums[number[belief], here, 0] += information
            sums[number[belief], here, 1] += information * u + score
            click *= 1.0 - buy
            tally[0, 0] += bought
            tally[1, 0] += buy / scale[0]
            tally[0, 1] += clicked
            tally[1, 1] += click / scale[1]
            tally[0, 2 + slot] += bought + 0.5 * clicked
            tally[1, 2 + slot] += (buy + 0.5 * click) / look[slot]
    return observed[:count], sums[:count]


@Loop
def shown_above(product, slate, slot):  # type: ignore[no-untyped-def]
    """Whether a slot above shows the product already."""
    for above in range(slot):  # noqa: SIM110  numba has no generators
        if slate[above] == product:
            return True
    return False


@Loop
def condition_anew(  # type: ignore[no-untyped-def]
    rows, owner, members, prior_mean, common_variance, added, precision, precision_mean, mean, variance,
    covariance,
):  # fmt: skip
    """Sets some rows to the prior, conditioned on all that was observed of them."""
    places = mean.shape[1]
    column, change = np.empty(2 * places, dtype=np.float32), np.empty(places, dtype=np.float32)
    for belief in rows:
        block, product = owner[belief, 0], owner[belief, 1]
        common = np.float64(common_variance[block, product])
        for one in range(places):
            mean[belief, one] = prior_mean[members[block, one], product]
            variance[belief, one] = added[0, one] + common
        for gap in range(1, len(added)):
            for one in range(places):
                covariance[belief, gap - 1, one] = added[gap, one] + common
        for here in range(places):
            much, much_mean = np.float64(precision[belief, here]), np.float64(precision_mean[belief, here])
            if much > 0.0:
                condition(mean[belief], variance[belief], covariance[belief], here, much, much_mean, column, change)


@Loop
def pull_squares(rows, precision, precision_mean, mean, variance, covariance):  # type: ignore[no-untyped-def]
    """(Q, Q) sum over some rows of a a', and of what that is expected to be, V^-1; see `Model.refit`."""
    places = mean.shape[1]
    squares, expected = np.zeros((places, places)), np.zeros((places, places))
    much, pull, column = np.empty(places), np.empty(places), np.empty(places)
    for belief in rows:
        for one in range(places):
            much[one] = np.float64(precision[belief, one])
            pull[one] = np.float64(precision_mean[belief, one]) - much[one] * np.float64(mean[belief, one])
        for one in range(places):
            take_column(variance[belief], covariance[belief], one, column)
            expected[one, one] += much[one]
            for other in range(places):
                squares[one, other] += pull[one] * pull[other]
                expected[one, other] -= much[one] * much[other] * column[other]
    return squares, expected
