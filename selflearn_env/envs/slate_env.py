"""The single face: one visit at a time."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from selflearn_env.core.run import Run
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import Visits
from selflearn_env.envs.face import masks_of
from selflearn_env.envs.options import Options
from selflearn_env.envs.rendering import RENDER_MODES
from selflearn_env.envs.screens import Screens
from selflearn_env.shop.shop import Shop


class SlateEnv(gym.Env[Any, NDArray[np.int64]]):
    """A shop whose customers visit one at a time and respond to the slate that they are shown.

    Observation: the state of the visit, as the option `observation` says. Action: (n,) product indexes in slate order.
    Reward: the sum of the item rewards. An episode is one visit: every step terminates; in `RetailJourney-v0` it is one
    customer, who leaves (terminated) or is still there when the calendar ends (truncated).

    `info` of reset and step: `state` (index of the observed state), `response` (n,) int8 with 0 ignored, 1 clicked,
    2 bought, `item_reward` (n,) float, `duplicates` (how many slots repeat a product; they count as ignored). Where
    products may be out of stock, appear or vanish also `unavailable`: how many slots show what may not be shown; they
    count as ignored, too. In reset nothing has been shown yet: they are 0.

    Attributes:
        shop: the shop.
        view: how visits are observed.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": list(RENDER_MODES), "render_fps": 1}  # type: ignore[misc]

    def __init__(self, shop: Shop, options: Options, render_mode: str | None = None):
        """Makes the environment of a shop.

        Args:
            shop: the shop.
            options: how it is made; `options.shop` is not read here.
            render_mode: None, "ansi" or "rgb_array".

        Raises:
            ValueError: the slate does not fit the catalogue, or the render mode is unknown.
        """
        self.shop, self.render_mode = shop, render_mode
        self._simulator = options.simulator(shop)
        self._screens = Screens(shop, self._simulator, render_mode)
        self.view = options.view(shop)
        self.observation_space = self.view.space
        self.action_space = gym.spaces.MultiDiscrete([shop.products] * self._simulator.slate_size)
        self._run: Run | None = None
        self._visits: Visits | None = None
        self._over = True

    @property
    def simulator(self) -> Simulator:
        """The simulator, with the exact probabilities of this moment; for evaluation, not for agents.

        Before the first reset it is the simulator without any drift, and with everything in stock.
        """
        return self._simulator if self._run is None else self._simulator.now(self._run)

    @property
    def visits(self) -> Visits | None:
        """The visit under way, with all that the customer remembers; for evaluation, not for agents."""
        return self._visits

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """A new visit.

        Args:
            seed: begins a run with new random streams; equal seeds and actions give equal visits and responses.
            options: none are known; anything given is ignored.

        Returns:
            The observation, and an `info` in which nothing has been shown yet.
        """
        super().reset(seed=seed)
        if seed is not None or self._run is None:
            self._run = self._simulator.begin(self.np_random)
        self._visits = self._simulator.start(1, self._run)
        self._over = False
        self._screens.start(self._visits)
        n = self._simulator.slate_size
        info = {
            **self._told(self._visits),
            "response": np.zeros(n, dtype=np.int8),
            "item_reward": np.zeros(n),
            "duplicates": 0,
        }
        if self._simulator.limited:
            info["unavailable"] = 0
        return self.view.observe(self._visits)[0], info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Shows a slate to the visit.

        Args:
            action: (n,) product indexes in slate order.

        Returns:
            The observation, the reward, terminated, truncated and `info`. Where an episode is one visit it is over, and
            the observation unchanged; in a customer's life it is that of the next visit, if there is one.

        Raises:
            gymnasium.error.ResetNeeded: there is no visit to show the slate to.
            ValueError: the slate has a wrong shape or shows a product outside the catalogue.
        """
        if self._over or self._visits is None or self._run is None:
            raise gym.error.ResetNeeded("the visit is over, or none has begun: call reset() before step()")
        slates = np.asarray(action)[None]
        outcome = self._simulator.respond(self._visits, slates, self._run)
        self._screens.show(self._visits, slates, outcome)
        terminated, truncated = outcome.terminated.item(), outcome.truncated.item()
        self._visits, self._over = outcome.visits, terminated or truncated
        info = {
            **self._told(self._visits),
            "response": outcome.response[0],
            "item_reward": outcome.item_reward[0],
            "duplicates": outcome.duplicates.item(),
        }
        if self._simulator.limited:
            info["unavailable"] = outcome.unavailable.item()
        return self.view.observe(self._visits)[0], outcome.reward.item(), terminated, truncated, info

    def action_masks(self) -> NDArray[np.bool_]:
        """(n * P,) what each slot may show, slot after slot, as MaskablePPO of sb3-contrib takes it.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
        """
        return masks_of(self.simulator, self._visits)[0]

    def _told(self, visits: Visits) -> dict[str, Any]:
        return {name: values.item() for name, values in visits.told().items()}

    def render(self) -> Any:
        """The slate that was shown last, with what was bought and clicked and the reward, or the visit that waits.

        Where an episode is a customer's life also the number of the visit, the days since the one before, the return so
        far, and whether the customer comes back.

        Returns:
            A text for render_mode "ansi", an RGB image (height, width, 3) uint8 for "rgb_array", of the same size in
            all steps, None without a mode.

        Raises:
            gymnasium.error.ResetNeeded: there is nothing to show yet.
        """
        frames = self._screens.draw()
        return None if frames is None else frames[0]
