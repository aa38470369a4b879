"""Commits that many requests share."""

from __future__ import annotations

import asyncio

from selflearn_agents.store.kept import KeptAgent


class Commits:
    """Requests that were worked on in one round of the event loop are recorded in one transaction.

    While it lasts others arrive, and share the next one: the more requests, the more of them per transaction, and a
    lone one does not wait.
    """

    def __init__(self, kept: KeptAgent):
        """Nothing waits yet."""
        self._kept = kept
        self._next: asyncio.Future[None] | None = None

    async def committed(self) -> None:
        """Waits until all that was done so far is recorded.

        Raises:
            Exception: it could not be recorded; most often a StoreError.
        """
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.create_future()
            loop.call_soon(self._commit, self._next)
        await asyncio.shield(self._next)

    def _commit(self, done: asyncio.Future[None]) -> None:
        self._next = None
        try:
            self._kept.commit()
        except Exception as error:  # whatever it is, those who wait must hear of it
            done.set_exception(error)
            done.exception()  # all who waited may be gone
        else:
            done.set_result(None)
