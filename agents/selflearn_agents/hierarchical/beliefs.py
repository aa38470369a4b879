"""Normal beliefs about vectors, that are told something of one of their places, or of many."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

PENDING = 16  # rank-1 updates of a covariance that wait, to be subtracted in one product of matrices
LEAST = 1e-9  # of a variance
ROWS = 64  # vectors worked on at once: few enough to stay in the cache
STEP = 8  # places that they are told of at once


class Beliefs:
    """Rows of normal vectors (Q,), each independent of the others.

    A row that is told something of one place changes its mean and variances at once. Its covariance is K - F' F: the
    rank-1 update is kept as one row more of F, and subtracted from K when F is full.

    Attributes:
        mean, variance: (R, Q) of the rows, and room for more.
        covariance: (R, Q, Q) K.
        pending: (R, PENDING, Q) F.
        next: (R,) where the next row of F goes, in all of them one below the other; those not filled are 0.
    """

    def __init__(self, places: int):
        """No rows yet, of so many places."""
        self.rows, self.places = 0, places
        self.mean, self.variance = np.zeros((2, 0, places), dtype=np.float32)
        self.covariance = np.zeros((0, places, places), dtype=np.float32)
        self.pending = np.zeros((0, PENDING, places), dtype=np.float32)
        self.next = np.zeros(0, dtype=np.int64)

    def cells(self, rows: NDArray[np.int64], places: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """Where in the tables a place of each row stands."""
        cells = rows * self.places
        cells += places
        return cells

    def append(self, mean: NDArray[np.float32], covariance: NDArray[np.float32]) -> None:
        """Adds rows of these means (R, Q) and covariances (R, Q, Q)."""
        begin, self.rows = self.rows, self.rows + len(mean)
        if self.rows > len(self.mean):  # twice the room, so that it is seldom copied
            for name in ("mean", "variance", "covariance", "pending", "next"):
                old = getattr(self, name)
                room = np.zeros((self.rows, *old.shape[1:]), old.dtype)
                setattr(self, name, np.concatenate([old, room]))
        self.replace(slice(begin, self.rows), mean, covariance)

    def replace(self, rows: slice, mean: NDArray[np.float32], covariance: NDArray[np.float32]) -> None:
        """Sets what is believed of some rows."""
        self.mean[rows], self.variance[rows] = mean, np.einsum("rqq->rq", covariance)
        self.covariance[rows], self.pending[rows] = covariance, 0.0
        self.next[rows] = np.arange(rows.start, rows.stop) * PENDING

    def tell_one(
        self,
        rows: NDArray[np.int64],
        place: int,
        cells: NDArray[np.int64],
        information: list[float],
        score: list[float],
    ) -> None:
        """Tells different rows (R,) something of one place.

        Args:
            rows: which ones.
            place: the place.
            cells: `cells(rows, place)`.
            information: of each row, the inverse variance of what it is told.
            score: of each row, how far that is from its mean, times the information.
        """
        column = self.covariance.reshape(-1, self.places).take(cells, axis=0)
        pending = self.pending.take(rows, axis=0)
        column -= np.matmul(pending[:, None, :, place], pending)[:, 0]
        pull, root = [], []
        for much, far, own in zip(information, score, column[:, place].tolist(), strict=True):
            spread = 1.0 + much * own
            pull.append(far / spread)
            root.append(sqrt(much / spread))
        pulls, roots = np.array((pull, root), dtype=np.float32)[:, :, None]
        mean = self.mean.take(rows, axis=0)
        mean += column * pulls
        self.mean[rows] = mean
        column *= roots
        free = self.next.take(rows)
        self.pending.reshape(-1, self.places)[free] = column
        free += 1
        self.next[rows] = free
        column *= column
        variance = self.variance.take(rows, axis=0)
        variance -= column
        np.maximum(variance, LEAST, out=variance)
        self.variance[rows] = variance
        if 0 in [at % PENDING for at in free.tolist()]:  # some are full
            self._settle(rows[free - rows * PENDING > PENDING // 2])

    def tell(self, rows: NDArray[np.int64], information: NDArray[np.float32], told: NDArray[np.float32]) -> None:
        """Tells different rows (R,) something of many places.

        Args:
            rows: which ones.
            information: (R, Q) inverse variance of what each is told of each place, 0 for nothing.
            told: (R, Q) what that is, times the information.
        """
        self._settle(rows[self.next[rows] > rows * PENDING])
        count = np.count_nonzero(information, axis=1)
        order = np.argsort(-count, kind="stable")[: np.count_nonzero(count)]
        for at in range(0, len(order), ROWS):
            some = order[at : at + ROWS]
            row, most = rows[some], count[some]
            mean, covariance = self.mean[row], self.covariance[row]
            places = np.argsort(information[some] == 0.0, axis=1, kind="stable")
            weight = np.sqrt(np.take_along_axis(information[some], places, axis=1))
            aim = np.take_along_axis(told[some], places, axis=1)
            np.divide(aim, weight, out=aim, where=weight > 0.0)
            for step in range(0, most.item(0), STEP):
                left, now = int(np.count_nonzero(most > step)), slice(step, min(step + STEP, most.item(0)))
                where, root = places[:left, now], weight[:left, now]
                cells = where + _starts(left, self.places)
                across = covariance.reshape(-1, self.places).take(cells, axis=0)  # (left, k, Q)
                across *= root[:, :, None]
                within = across.take(where[:, None] + _starts(where.size, self.places).reshape(*where.shape, 1))
                within *= root[:, None]
                within.reshape(left, -1)[:, :: where.shape[1] + 1] += 1.0
                gain = np.matmul(np.linalg.inv(within), across)
                surprise = aim[:left, now] - root * mean.take(cells)
                mean[:left] += np.matmul(surprise[:, None], gain)[:, 0]
                covariance[:left] -= np.matmul(across.transpose(0, 2, 1), gain)
            self.covariance[row] = covariance
            self.mean[row] = mean
            self.variance[row] = np.maximum(np.einsum("rqq->rq", covariance), LEAST)

    def _settle(self, rows: NDArray[np.int64]) -> None:
        """Subtracts what waits."""
        if len(rows):
            pending = self.pending[rows]
            self.covariance[rows] -= np.matmul(pending.transpose(0, 2, 1).copy(), pending)
            self.pending[rows], self.next[rows] = 0.0, rows * PENDING


def _starts(rows: int, places: int) -> NDArray[np.int64]:
    """(rows, 1) where each row of a table of so many places begins."""
    return np.arange(0, rows * places, places)[:, None]
