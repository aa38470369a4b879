"""Beliefs about the appeal of the products, and how they follow from the responses."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.hierarchical.conditioning import begin_rows, condition_anew, observe, pull_squares
from selflearn_agents.hierarchical.prior import Prior
from selflearn_agents.hierarchical.walk import LARGEST, Walk
from selflearn_env.declared import POSITIVE, Declared, counts, flag, flags, indexes, numbers, real, whole

FIRST_REFIT = 500  # visits before the variances are fitted first, then at each doubling
FEW, MANY = 64, 1024  # visits learned at once at most, while few have been learned, and later
STEPS = 3  # of a refit, each with as large a part of the products shown
WEIGHT = 20.0 / STEPS  # squared deviations that the variances before are worth in each step
SLOT_WEIGHT = 100.0  # responses that the belief in equal slots is worth


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
        walk: how far the products have moved; it is added to u wherever u is asked for.
    """

    parts = {"walk": Walk}  # noqa: RUF012

    declared: ClassVar[Declared] = {
        "added_variance": real(0.0),
        "rows": whole(),
        "visits": whole(),
        "refits": flag(),
        "next_refit": whole(1),
        "members": indexes("states", "blocks", "places"),
        "block": indexes("blocks", "states"),
        "place": indexes("places", "states"),
        "prior_mean": numbers("states", "products", dtype=np.float32, least=-LARGEST, most=LARGEST),
        "common_variance": numbers("blocks", "products", dtype=np.float32, least=0.0),
        "same_group": flags("levels", "places", "places"),
        "level_variance": numbers("levels", least=0.0),
        "added_covariance": numbers("diagonals", "places"),
        "row": indexes("room", "blocks", "products", dtype=np.int32, none=True),
        "owner": counts("room", 2),
        "first": indexes("room", "blocks", none=True),
        "last": indexes("room", "blocks", none=True),
        "following": indexes("room", "room", none=True),
        "mean": numbers("room", "places", dtype=np.float32, least=-LARGEST, most=LARGEST),
        "variance": numbers("room", "places", dtype=np.float32, least=0.0),
        "precision": numbers("room", "places", dtype=np.float32, least=0.0),
        "precision_mean": numbers("room", "places", dtype=np.float32),
        "covariance": numbers("room", "gaps", "places", dtype=np.float32),
        "tally": numbers(2, "slate_size + 2", least=POSITIVE),
        "visit_count": counts("states"),
    }

    def __init__(self, prior: Prior, slate_size: int, refits: bool = True, follow: bool = False):
        """Nothing is observed yet, slots are equal, and purchases and clicks as frequent as the prior has it.

        Args:
            prior: what is believed of the products.
            slate_size: products per slate, n.
            refits: whether the variances of the levels are fitted.
            follow: whether products may move; if not, the past counts as much as the present.
        """
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
        self.walk = Walk(products, follow)

    def check_kept(self) -> None:
        """Sees that states and blocks, variances and covariances, and rows and their owners are each other's.

        Raises:
            ValueError: they are not.
        """
        places, rows = self.members.shape[1], self.rows
        if (
            self.members.size != self.block.size
            or (self.members[self.block, self.place] != np.arange(len(self.block))).any()
        ):
            raise ValueError("has states that are not in their blocks")
        if (len(self.added_covariance), self.covariance.shape[1]) != (places // 2 + 1, places // 2):
            raise ValueError("has covariances for other blocks")
        others = (np.arange(places) + np.arange(1, places // 2 + 1)[:, None]) % places  # (Q // 2, Q)
        deviation = np.sqrt(self.variance[:rows])
        if (np.abs(self.covariance[:rows]) > 1.001 * deviation[:, None] * deviation[:, others] + 1e-3).any():
            raise ValueError("has a covariance that is greater than its variances allow")
        owner, (blocks, products) = self.owner[:rows], self.row.shape
        if rows > len(self.owner) or (owner >= (blocks, products)).any():
            raise ValueError("has rows without an owner")
        expected = np.full_like(self.row, -1)
        expected[owner[:, 0], owner[:, 1]] = np.arange(rows)
        first, last, following = np.full(blocks, -1), np.full(blocks, -1), np.full(rows, -1)
        by_block = np.argsort(owner[:, 0], kind="stable")
        same = np.diff(owner[by_block, 0]) == 0
        following[by_block[:-1][same]] = by_block[1:][same]
        first[owner[::-1, 0]], last[owner[:, 0]] = np.arange(rows)[::-1], np.arange(rows)
        for name, found in (("row", expected), ("first", first), ("last", last), ("following", following)):
            if (getattr(self, name)[: len(found)] != found).any():
                raise ValueError(f"{name} is not that of the owners")

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

    def observe(
        self,
        states: NDArray[np.int64],
        slates: NDArray[np.int64],
        responses: NDArray[np.int8],
        offset: NDArray[np.float64] | None = None,
        own: NDArray[np.float64] | None = None,
        attention: NDArray[np.float64] | None = None,
    ) -> None:
        """Learns from the responses (B, n) to slates (B, n) in states (B,); of a product shown twice, from the first.

        A large batch is learned in parts, and each part as it looked when its first visit was learned.

        Args:
            states: of the visits.
            slates: what was shown.
            responses: what was done.
            offset: (B, n) what is added to u for this very visit; None for nothing.
            own: (B, n) what is added to exp(u + offset) whatever u is; None for nothing.
            attention: (B, n) factor of the probabilities of this visit; None for 1.
        """
        begin = 0
        nothing, all_of_it = np.zeros(slates.shape), np.ones(slates.shape)
        offset, own = nothing if offset is None else offset, nothing if own is None else own
        attention = all_of_it if attention is None else attention
        while begin < len(states):
            part = slice(begin, begin + min(MANY, max(FEW, self.visits)))
            begin = part.stop
            self._observe(*(each[part] for each in (states, slates, responses, offset, own, attention)))

    def _observe(self, states: NDArray, slates: NDArray, responses: NDArray, *seen: NDArray) -> None:
        self._begin(begin_rows(states, slates, self.block, self.row, self.rows))
        walk = self.walk
        observe(
            states, slates, responses, *seen, self.block, self.place, self.row, self.mean, self.variance,
            self.covariance, self.precision, self.precision_mean, self.tally, self.visit_count, self.owner, walk.moved,
            walk.walked, walk.odds,
        )  # fmt: skip
        walk.wait(len(states))
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
        self.walk.show(owners[:, 1])
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
            # At a million responses to one product, the difference that it is may come out below 0.
            trace = np.maximum(np.tensordot(self.same_group, expected, axes=2), 0.0)
            due = WEIGHT + self.level_variance * trace
            self._set_level_variance(self.level_variance * np.sqrt(found / due))
        self._condition_anew(0, 1)

    def means(self, states: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B, P) means of the log-appeal in some states."""
        means = self.prior_mean[states]
        for mean, state in zip(means, states.tolist(), strict=True):
            rows = self.row[self.block[state]]
            shown = np.flatnonzero(rows >= 0)
            mean[shown] = self.mean[rows[shown], self.place[state]]
        if self.walk.moves:
            means += self.walk.moved[:, 0].astype(np.float32)
        return means

    def means_of(self, states: NDArray[np.int64], slates: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, n) means of the log-appeal of the products in slates (B, n)."""
        rows = self.row[self.block[states][:, None], slates]
        prior = self.prior_mean[states[:, None], slates]
        if self.rows:
            prior = np.where(rows >= 0, self.mean[rows, self.place[states][:, None]], prior)
        return prior + self.walk.moved[slates, 0]

    @property
    def factors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(2,) x and y, and (n,) e_k: of purchases, clicks and slots."""
        return self.tally[0, :2] / self.tally[1, :2], self.tally[0, 2:] / self.tally[1, 2:]

    def purchase_probability(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) probability that a product is bought when it is shown in a slot like any other."""
        seen, expected = self.tally[:, 0]
        return np.minimum(seen / expected * np.exp(self.means(states).astype(np.float64)), 1.0)
