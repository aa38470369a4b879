"""A run of a simulator: random streams, one per purpose, so that what one part draws does not shift another's draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.customers import CustomerModel
from selflearn_env.core.drift import Drift, DriftPath
from selflearn_env.core.stock import Stock, StockPath, choose_eligible, is_limited

LIFE = 2  # draws of a visit that say whether the customer leaves, and when it comes again
BLOCK = 512  # visits drawn ahead: one visit at a time, a call to the generator would cost more than its numbers


class Stream:
    """The draws of one purpose, handed out in rows: one row per visit, whatever the size of the batches."""

    def __init__(self, rng: np.random.Generator, draw: Callable[[np.random.Generator, int], NDArray]):
        self._rng, self._draw = rng, draw
        self._block = draw(rng, 0)
        self._at = 0

    def take(self, rows: int) -> NDArray:
        """The next `rows` rows."""
        end = self._at + rows
        if end > len(self._block):
            rest = self._block[self._at :]
            fresh = self._draw(self._rng, max(rows - len(rest), BLOCK if rows < BLOCK else 0))
            self._block = np.concatenate([rest, fresh]) if len(rest) else fresh
            self._at, end = 0, rows
        taken = self._block[self._at : end]
        self._at = end
        return taken


class Run:
    """What changes while a simulator serves: its random streams, interest, stock, and how much was served.

    Attributes:
        visits: who comes; (rows,) positions.
        responses: uniform draws behind the responses; (rows, columns of the customer model).
        noise: standard normal draws behind the reward noise; (rows, n).
        life: uniform draws behind leaving and coming back; (rows, 2).
        pasts: uniform draws behind the points at which customers' recorded pasts end; (rows, 1).
        baskets: seeds of what is bought besides the slates; (rows,).
        drift: the path of the drift so far, or None without drift.
        stock: the path of the stock so far, or None where nothing runs out.
        served: slates shown so far.
        eligible: (P,) bool, which products may be shown since `advance` was called last; None where always all may.
        present: with drift or stock, the customers as they are at present, once somebody met them.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        positions: int,
        uniforms: int,
        slate_size: int,
        products: int,
        drift: Drift | None,
        stock: Stock | None = None,
        in_turn: bool = False,
    ):
        """Begins a run.

        Args:
            rng: the generator from which one stream per purpose is spawned.
            positions: how many positions a new visit is drawn from.
            uniforms: uniform draws behind the responses to one slate.
            slate_size: products per slate, n.
            products: size of the catalogue, P.
            drift: how the customers' interest wanders, or None.
            stock: how products run out and come back, or None.
            in_turn: whether no position is drawn again before all have been.
        """
        visits, responses, noise, path, life, pasts, baskets, outages = rng.spawn(8)
        self.visits = Stream(visits, _Turns(positions) if in_turn else _Integers(positions))
        self.responses = Stream(responses, _Uniforms(uniforms))
        self.noise = Stream(noise, _Normals(slate_size))
        self.life = Stream(life, _Uniforms(LIFE))
        self.pasts = Stream(pasts, _Uniforms(1))
        self.baskets = Stream(baskets, _seeds)
        self.drift = None if drift is None else DriftPath(drift, products, path)
        self.stock = None if stock is None else StockPath(stock, products, outages)
        self.served = 0
        self.present: CustomerModel | None = None
        self.eligible: NDArray[np.bool_] | None = None
        self._slate_size, self._all = slate_size, np.ones(products, dtype=bool)
        self._limited = is_limited(drift, stock)
        self.advance()

    def advance(self) -> bool:
        """Goes on to the present moment; whether interest, or what may be shown, has changed since the last call."""
        drifted = self.drift is not None and self.drift.advance(self.served)
        moved = self.stock is not None and self.stock.advance(self.served)
        if self._limited and (drifted or moved):
            had = self._all if self.drift is None else self.drift.had
            out = ~self._all if self.stock is None else self.stock.out
            self.eligible = choose_eligible(had, out, self._slate_size)
        return drifted or moved


# Classes, not lambdas: an environment, its streams included, can be pickled and copied in mid-episode.
class _Integers:
    def __init__(self, high: int):
        self.high = high

    def __call__(self, rng: np.random.Generator, rows: int) -> NDArray[np.int64]:
        return rng.integers(self.high, size=rows)


class _Turns(_Integers):
    def __call__(self, rng: np.random.Generator, rows: int) -> NDArray[np.int64]:
        # More than are asked for: the stream keeps them, so that the numbers do not depend on the size of the batches.
        rounds = -(-rows // self.high)
        return rng.permuted(np.tile(np.arange(self.high), (rounds, 1)), axis=1).reshape(-1)


def _seeds(rng: np.random.Generator, rows: int) -> NDArray[np.uint64]:
    return rng.integers(2**64, size=rows, dtype=np.uint64)


class _Uniforms:
    def __init__(self, columns: int):
        self.columns = columns

    def __call__(self, rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
        return rng.random((rows, self.columns))


class _Normals(_Uniforms):
    def __call__(self, rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
        return rng.standard_normal((rows, self.columns))
