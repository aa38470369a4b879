"""How much the service takes at once, so that nobody can fill its memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds, each of which is answered with a reason when it is met.

    Attributes:
        body: bytes of a request.
        batch: visits, or feedback of visits, in one request.
        open: visits that wait for feedback.
        customers: customers with a number, beside those of the shop.
        silence: seconds after which a visit without feedback counts as ignored.

    Raises:
        ValueError: a bound is not positive.
    """

    body: int = 2**20
    batch: int = 1_000
    open: int = 1_000_000
    customers: int = 1_000_000
    silence: float = 1_800.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"{name} must be positive, got {value!r}")


class RefusedError(Exception):
    """A request that cannot be answered: a status of HTTP, and one sentence that says why."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status, self.reason = status, reason
