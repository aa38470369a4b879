"""Counts and times of the service, for Prometheus."""

from __future__ import annotations

from functools import partial

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from selflearn_agents.service.desk import Desk

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0)


class Metrics:
    """What is measured."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self, desk: Desk):
        """Begins."""
        self._registry = CollectorRegistry()
        for name, text in (
            ("decisions", "visits decided since the record began"),
            ("learned", "visits learned from since the record began"),
            ("open", "visits that wait for feedback"),
            ("silent", "visits closed as ignored, for silence, since the service began"),
        ):
            gauge = Gauge(f"selflearn_{name}", text, registry=self._registry)
            gauge.set_function(partial(_count, desk, name))
        broken = Gauge("selflearn_broken", "1 while the store takes nothing in", registry=self._registry)
        broken.set_function(lambda: float(desk.kept.broken is not None))
        self.refused = Counter("selflearn_refused", "requests refused", ["status"], registry=self._registry)
        self.seconds = Histogram(
            "selflearn_request_seconds",
            "seconds from a valid request to its record",
            buckets=SECONDS,
            registry=self._registry,
        )

    def text(self) -> bytes:
        """All of it, as it is now."""
        return generate_latest(self._registry)


def _count(desk: Desk, name: str) -> float:
    return desk.counts()[name]
