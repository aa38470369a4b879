"""What a page shows of a service under way."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

LATEST, POINTS, STATES = 20, 200, 50
RECENT = 2_000  # visits of which the most visited states are told


class Live:
    """The latest decisions, and means of reward and regret over the visits so far."""

    def __init__(self) -> None:
        """Nothing was shown yet."""
        self.latest: deque[dict[str, Any]] = deque(maxlen=LATEST)
        self._visited: deque[str] = deque(maxlen=RECENT)
        self._size = 1  # visits of a point
        self._points: list[list[float]] = []  # visits, reward, visits with a regret, regret

    def decided(self, decision: dict[str, Any], customer: str | None, now: float) -> None:
        """Notes a decision, as it was told."""
        products = [{**product, "response": None} for product in decision["products"]]
        self.latest.appendleft({**decision, "time": now, "customer": customer, "reward": None, "products": products})
        self._visited.append(decision["state"])

    def told(self, decision: str, responses: list[str | None]) -> None:
        """Notes what became of a decision that is still shown."""
        for each in self.latest:
            if each["decision"] == decision:
                for product, response in zip(each["products"], responses, strict=False):
                    product["response"] = response or product["response"]

    def learned(self, decision: str, reward: float, regret: float | None) -> None:
        """Notes the reward of a visit that was learned from, and its regret where it is known."""
        for each in self.latest:
            if each["decision"] == decision:
                each["reward"] = reward
        if not self._points or self._points[-1][0] >= self._size:
            if len(self._points) == POINTS:  # points of twice as many visits
                pairs = zip(self._points[::2], self._points[1::2], strict=True)
                self._points = [[a + b for a, b in zip(*pair, strict=True)] for pair in pairs]
                self._size *= 2
            self._points.append([0.0, 0.0, 0.0, 0.0])
        added = (1.0, reward, 0.0, 0.0) if regret is None else (1.0, reward, 1.0, regret)
        self._points[-1] = [a + b for a, b in zip(self._points[-1], added, strict=True)]

    def states(self) -> list[str]:
        """The states that were visited most of late, the most visited first."""
        return [state for state, _ in Counter(self._visited).most_common(STATES)]

    def curve(self) -> list[dict[str, float | None]]:
        """Means per visit, point by point."""
        points, visits = [], 0.0
        for count, reward, judged, regret in self._points:
            visits += count
            points.append({"visits": visits, "reward": reward / count, "regret": regret / judged if judged else None})
        return points
