"""A client of the service that waits while it is restarted."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from selflearn_env.plugins import missing_extra

try:
    import httpx2
except ImportError:
    raise missing_extra("what talks to a service needs httpx2", "serve") from None

PATIENCE = 30.0  # seconds in which a service that was there may come back
FIRST, LONGEST = 0.1, 2.0  # seconds between two tries
TIMEOUT = 30.0  # seconds that an answer may take


class Client:
    """Asks a service. What got no answer is asked again for a while, once the service was reached.

    A feedback may well be told again: the service knows it then. A decision whose answer was lost is another one when
    it is asked again; nothing is told of the first.
    """

    def __init__(self, url: str, token: str | None = None, patience: float = PATIENCE):
        """Takes the address.

        Args:
            url: of the service, such as "http://127.0.0.1:8000".
            token: that the service wants, if it wants one.
            patience: seconds for which it may be away.

        Raises:
            ValueError: the address or the token is none.
        """
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            self._http = httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT)
        except (httpx2.InvalidURL, UnicodeEncodeError) as error:
            raise ValueError(f"no service can be asked at {url!r}: {error}") from None
        self.url, self._patience = url, patience
        self._reached = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._http.close()

    def catalogue(self) -> dict[str, Any]:
        """The products, states and the size of slates of the service."""
        return self._ask("GET", "/catalogue")

    def decide(self, visits: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What is shown to the visits."""
        if len(visits) == 1:
            return [self._ask("POST", "/decide", visits[0])]
        return self._ask("POST", "/decide", {"visits": visits})["decisions"]

    def tell(self, feedback: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What became of each feedback; one may be refused, and the others learned from."""
        return self._ask("POST", "/feedback", {"feedback": feedback})["feedback"]

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request.

        Raises:
            ConnectionError: the service is not there, or has not come back in time.
            PermissionError: it wants a token, or another one.
            ValueError: it refuses what was asked; with its reason.
        """
        end, pause = None, FIRST
        while True:
            try:
                answer = self._http.request(method, path, json=body)
                self._reached = True
                if answer.status_code != 503:
                    return self._read(answer, f"{method} {path}")
                reason = f"503, {_detail(answer)}"
            except httpx2.TransportError as error:
                reason = str(error) or type(error).__name__
                if not self._reached:
                    raise ConnectionError(
                        f"{self.url}: no service answers ({reason}); start one with `selflearn serve`"
                    ) from None
            end = end or time.monotonic() + self._patience
            if time.monotonic() >= end:
                raise ConnectionError(f"{self.url}: the service was away for {self._patience:g} s ({reason})")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST)

    def _read(self, answer: httpx2.Response, what: str) -> Any:
        """What an answer says."""
        if answer.status_code == 401:
            raise PermissionError(
                f"{self.url}: the service wants the token that it was started with; give it as --token"
            )
        if answer.is_error:
            raise ValueError(f"{self.url}: the service answers {what} with {answer.status_code}, {_detail(answer)}")
        try:
            return answer.json()
        except ValueError:
            raise ValueError(f"{self.url}: what answers {what} is no service of `selflearn serve`") from None


def _detail(answer: httpx2.Response) -> str:
    """The reason that an answer gives for its code."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
