"""The service over HTTP."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from selflearn_agents.service.commits import Commits
from selflearn_agents.service.desk import Desk
from selflearn_agents.service.guard import Guard
from selflearn_agents.service.limits import RefusedError
from selflearn_agents.service.messages import (
    DecideRequest,
    Decision,
    Decisions,
    FeedbackItem,
    FeedbackRequest,
    Receipt,
    Receipts,
    Refusal,
)
from selflearn_agents.service.metrics import Metrics
from selflearn_agents.store.protocol import StoreError
from selflearn_env.version import __version__

PAGE = Path(__file__).with_name("page.html")
MOST_VALUES = 1_000
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal} for status in (400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 500, 501, 503)
}
LONGEST = 100  # characters of what a client sent that are said back
SOON, LATE = 1.0, 10.0  # seconds between two recoveries
# The page has all that it needs in itself, and talks to nobody but its own server.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
log = logging.getLogger("selflearn")

Answer = TypeVar("Answer")


def make_app(desk: Desk, *, token: str | None = None, keep_every: float = 60.0, keep_visits: int = 20_000) -> FastAPI:
    """The service of a desk, as an application of ASGI; one process and one thread.

    Args:
        desk: what answers.
        token: what clients must show; None where nobody must.
        keep_every: seconds after which the agent is kept, if it has learned.
        keep_visits: visits learned from after which it is kept at once.
    """
    commits, metrics = Commits(desk.kept), Metrics(desk)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_look_after(desk, keep_every, keep_visits))
        yield
        task.cancel()
        try:
            desk.kept.keep()
        except StoreError as error:
            log.error("%s; at the next start the agent is recovered from its record", error)
        desk.kept.store.close()

    app = FastAPI(title="selflearn", version=__version__, lifespan=lifespan, responses=REFUSALS)
    app.add_middleware(Guard, most=desk.limits.body, token=token)

    async def acknowledged(work: Callable[[], Answer]) -> Answer:
        """What comes of the work, once the record has it."""
        begin = time.perf_counter()
        answer = work()
        await commits.committed()
        metrics.seconds.observe(time.perf_counter() - begin)
        return answer

    @app.post("/decide", response_model=Decision | Decisions)
    async def decide(request: DecideRequest) -> JSONResponse:
        """What to show to a customer, or to several at once (then all are answered, or none)."""
        if request.visits is None:
            return JSONResponse((await acknowledged(lambda: desk.decide([request])))[0])
        _alone(request, "visits")
        visits = request.visits
        return JSONResponse({"decisions": await acknowledged(lambda: desk.decide(visits))})

    @app.post("/feedback", response_model=Receipt | Receipts)
    async def feedback(request: FeedbackRequest) -> JSONResponse:
        """What became of a decision, or of several (each is then answered for itself). It may be told again."""
        if request.feedback is not None:
            _alone(request, "feedback")
            items = request.feedback
            return JSONResponse({"feedback": await acknowledged(lambda: desk.feedback(items))})
        if request.decision is None or request.responses is None:
            raise RefusedError(422, "feedback needs the decision and its responses")
        item = FeedbackItem(**request.model_dump(exclude={"feedback"}))
        receipt = (await acknowledged(lambda: desk.feedback([item])))[0]
        if receipt["status"] == "refused":
            raise RefusedError(receipt["code"], f"{item.decision}: {receipt['detail']}")
        return JSONResponse(receipt)

    @app.get("/values")
    async def values(state: str, most: int = 20) -> dict[str, Any]:
        """What the agent makes of the products in a state, best first."""
        if not 1 <= most <= MOST_VALUES:
            raise RefusedError(422, f"most is 1..{MOST_VALUES:,}, got {most}")
        return desk.values(state, most)

    @app.get("/catalogue")
    async def catalogue() -> dict[str, Any]:
        """States, products and slate size."""
        return desk.catalogue()

    @app.get("/live")
    async def live() -> dict[str, Any]:
        """What the page shows."""
        return desk.overview()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Whether the service takes anything in."""
        desk.kept.check()
        return {"status": "ok"}

    @app.get("/metrics", response_class=PlainTextResponse)
    async def measured() -> Response:
        """Counts and times, as Prometheus reads them."""
        return Response(metrics.text(), media_type=metrics.media_type)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE.read_text("utf-8"), headers={"Content-Security-Policy": POLICY})

    @app.exception_handler(RefusedError)
    async def refused(_: Request, refusal: RefusedError) -> JSONResponse:
        return _refused(refusal.status, refusal.reason)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(each) for each in first["loc"] if each != "body")
        return _refused(422, f"{where[:LONGEST] or 'the body'}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def failed(_: Request, error: HTTPException) -> JSONResponse:
        return _refused(error.status_code, str(error.detail))

    @app.exception_handler(StoreError)
    async def stuck(_: Request, error: StoreError) -> JSONResponse:
        return _refused(503, str(error))

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return _refused(500, f"the service has failed ({type(error).__name__}); what was acknowledged is kept")

    def _refused(status: int, reason: str) -> JSONResponse:
        metrics.refused.labels(str(status)).inc()
        headers = {"Retry-After": "1"} if status in (429, 503) else None
        return JSONResponse({"detail": reason}, status_code=status, headers=headers)

    return app


def _alone(request: DecideRequest | FeedbackRequest, name: str) -> None:
    others = request.model_fields_set - {name}
    if others:
        raise RefusedError(422, f"{name!r} stands alone, and {min(others)!r} belongs into each of them")


async def _look_after(desk: Desk, keep_every: float, keep_visits: int) -> None:
    """Once a second: takes silence for ignoring, keeps the agent when it is time, and recovers it when it can.

    Where it breaks again as soon as it has recovered, as with a full disk, it is recovered less and less often.
    """
    kept_at = time.monotonic()
    pause, again = SOON, 0.0
    while True:
        await asyncio.sleep(1.0)
        now = time.monotonic()
        try:
            if desk.kept.broken is not None:
                if now < again:
                    continue
                desk.kept.recover()
                log.warning("recovered: %s", "; ".join(desk.kept.notes) or "all that was acknowledged is there")
                pause, again = min(2 * pause, LATE), now + pause
            elif now > again + pause:
                pause = SOON
            while desk.close_overdue():
                await asyncio.sleep(0.0)  # others first
            fresh, since = desk.kept.learned_since_kept, now - kept_at
            if fresh >= keep_visits or (fresh and since >= keep_every):
                desk.kept.keep()
                kept_at = now
        except StoreError as error:
            log.error("%s", error)
        except Exception:
            log.exception("the service goes on, but cannot look after its agent")
