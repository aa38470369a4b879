"""What is turned away before anything is done with it."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = ("/", "/healthz")  # to everybody: the page, which asks for the token, and whether the service lives
PATIENCE = 5.0  # seconds in which a body must come


class Guard:
    """Turns away bodies that are too large or too slow, and clients without the token.

    Where there is no token, it also turns away who asks for the service by a name: a web page of anybody could point a
    name of its own at this machine, and use the service through the browser that shows it (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, most: int, token: str | None):
        """Stands before an application.

        Args:
            app: the application.
            most: bytes of a body.
            token: what clients must show as "Authorization: Bearer ..."; None where nobody must.
        """
        self._app, self._most = app, most
        self._expected = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what may pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"authorization", b"")
        if self._expected and scope["path"] not in OPEN and not hmac.compare_digest(given, self._expected):
            headers_ = {"WWW-Authenticate": "Bearer"}
            refusal = JSONResponse({"detail": "the token is missing or wrong"}, status_code=401, headers=headers_)
            await refusal(scope, receive, send)
            return
        if self._expected is None and not _is_address(headers.get(b"host", b"")):
            reason = "without a token the service is asked by its address or as localhost, and by no other name"
            await JSONResponse({"detail": reason}, status_code=403)(scope, receive, send)
            return
        status, reason = 413, f"the body is larger than {self._most:,} bytes"
        try:
            async with asyncio.timeout(PATIENCE):
                body = await self._body(headers.get(b"content-length"), receive)
        except TimeoutError:
            body, status, reason = None, 408, f"the body has not come within {PATIENCE:g} s"
        if body is None:
            closing = {"Connection": "close"}  # what is left of it is not read
            await JSONResponse({"detail": reason}, status_code=status, headers=closing)(scope, receive, send)
            return
        messages = [body]

        async def whole() -> Any:
            return messages.pop() if messages else await receive()

        await self._app(scope, whole, send)

    async def _body(self, length: bytes | None, receive: Receive) -> Message | None:
        """The whole body in one message, or None where it is too large."""
        if length is not None and length.isdigit() and (len(length) > 18 or int(length) > self._most):
            return None
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._most:
                return None
            if not message.get("more_body", False):
                return {"type": "http.request", "body": b"".join(parts), "more_body": False}


def _is_address(host: bytes) -> bool:
    """Whether a Host header names this machine by an address, which nobody else can have made point here."""
    try:
        name = urlsplit(f"//{host.decode()}").hostname or ""
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False
