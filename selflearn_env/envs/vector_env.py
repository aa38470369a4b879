"""The vector face: many visits side by side."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from selflearn_env.core.run import Run
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.slates import check_products
from selflearn_env.core.visits import Visits
from selflearn_env.envs.face import masks_of
from selflearn_env.envs.options import Options
from selflearn_env.envs.rendering import RENDER_MODES
from selflearn_env.envs.screens import Screens
from selflearn_env.shop.shop import Shop

Step = tuple[NDArray, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]

MOST = 2**24  # visits side by side; as many again would be a mistake


class SlateVectorEnv(VectorEnv[Any, NDArray[np.int64], NDArray]):
    """A shop whose customers visit B at a time; row by row it is what `SlateEnv` is for one visit.

    `info` has the keys of the single face, with the visit axis first: `state` (B,), `response` (B, n) int8,
    `item_reward` (B, n), `duplicates` (B,), and `unavailable` (B,) where that has it. `state` belongs to the returned
    observation, the others to the slates just shown. With SAME_STEP, the default, the returned observation is already
    the next visit's. Where an episode is one visit its last observation equals its first, and it terminates: there is
    no `final_obs` to return, and no value to bootstrap from. In a customer's life (`RetailJourney-v0`) a step that ends
    episodes has `final_obs` (B,), the last observation of each row that is over, None in the others, and the mask
    `_final_obs` (B,).

    Attributes:
        shop: the shop.
        view: how visits are observed.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": list(RENDER_MODES), "render_fps": 1}  # type: ignore[misc]

    def __init__(
        self,
        num_envs: int,
        shop: Shop,
        options: Options,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
    ):
        """Makes the environment of a shop.

        Args:
            num_envs: visits side by side, B.
            shop: the shop.
            options: how it is made; `options.shop` is not read here.
            render_mode: None, "ansi" or "rgb_array".
            autoreset_mode: when the next visit takes the place of one that is over: within the step (SAME_STEP), at the
                next step, whose action is not read (NEXT_STEP), or at `reset(options={"reset_mask": ...})` (DISABLED).

        Raises:
            ValueError: an option has an unknown value, or the slate does not fit the catalogue.
        """
        if isinstance(num_envs, bool) or not isinstance(num_envs, int | np.integer) or num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, got {num_envs!r}")
        if num_envs > MOST:
            raise ValueError(f"num_envs is at most {MOST:,}, got {num_envs!r}")
        self.num_envs, self.shop, self.render_mode = num_envs, shop, render_mode
        self._autoreset = _autoreset(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self._autoreset}  # type: ignore[misc]
        self._simulator = options.simulator(shop)
        self._screens = Screens(shop, self._simulator, render_mode)
        self.view = options.view(shop)
        self.single_observation_space = self.view.space
        self.single_action_space = gym.spaces.MultiDiscrete([shop.products] * self._simulator.slate_size)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._run: Run | None = None
        self._visits: Visits | None = None
        self._over = np.ones(num_envs, dtype=bool)

    @property
    def simulator(self) -> Simulator:
        """The simulator, with the exact probabilities of this moment; for evaluation, not for agents.

        Before the first reset it is the simulator without any drift, and with everything in stock.
        """
        return self._simulator if self._run is None else self._simulator.now(self._run)

    @property
    def visits(self) -> Visits | None:
        """The visits under way, with all that the customers remember; for evaluation, not for agents."""
        return self._visits

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """New visits.

        Args:
            seed: begins a run with new random streams; equal seeds and actions give equal visits and responses.
            options: `{"reset_mask": (B,) bool}` renews these rows only.

        Raises:
            ValueError: the mask has a wrong shape or type, or there are no visits yet to keep.
        """
        mask = (options or {}).get("reset_mask")
        if mask is not None:
            mask = np.asarray(mask)
            if mask.shape != (self.num_envs,) or mask.dtype != np.bool_:
                raise ValueError(f"reset_mask is ({self.num_envs},) bool, got {mask.dtype} of shape {mask.shape}")
            if self._visits is None:
                raise ValueError("reset_mask keeps some visits, but none has begun: call reset() without it first")
        super().reset(seed=seed)
        if seed is not None or self._run is None:
            self._run = self._simulator.begin(self.np_random)
        if mask is None or self._visits is None:
            self._visits = self._simulator.start(self.num_envs, self._run)
            self._over = np.zeros(self.num_envs, dtype=bool)
            self._screens.start(self._visits)
        else:
            self._visits = self._simulator.restart(self._visits, mask, self._run)
            self._over = self._over & ~mask
            self._screens.renew(self._visits, np.flatnonzero(mask))
        return self._observe(self._visits, self._nothing_shown())

    def step(self, actions: Any) -> Step:
        """Shows slates to the visits.

        Args:
            actions: (B, n) product indexes in slate order.

        Returns:
            Observations, (B,) rewards, (B,) terminated, (B,) truncated, and `info`.

        Raises:
            gymnasium.error.ResetNeeded: `reset` has not been called, or a row is over and autoreset is DISABLED.
            ValueError: the slates have a wrong shape or show a product outside the catalogue.
        """
        if self._visits is None or self._run is None:
            raise gym.error.ResetNeeded("no visit has begun: call reset() before step()")
        if np.count_nonzero(self._over):  # a third of the time that any() takes
            return self._step_and_renew(np.asarray(actions), self._visits, self._run)
        outcome = self._simulator.respond(self._visits, actions, self._run)
        self._screens.show(self._visits, np.asarray(actions), outcome)
        terminated, truncated = outcome.terminated, outcome.truncated
        ended = terminated | truncated
        shown: dict[str, NDArray] = {
            "response": outcome.response,
            "item_reward": outcome.item_reward,
            "duplicates": outcome.duplicates,
        }
        if self._simulator.limited:
            shown["unavailable"] = outcome.unavailable
        if self._autoreset is AutoresetMode.SAME_STEP:
            self._visits = self._simulator.restart(outcome.visits, ended, self._run)
            if self._simulator.lasting and np.count_nonzero(ended):
                shown |= self._final(outcome.visits, ended)
        else:
            self._visits, self._over = outcome.visits, ended
        observation, info = self._observe(self._visits, shown)
        return observation, outcome.reward, terminated, truncated, info

    def _final(self, visits: Visits, ended: NDArray[np.bool_]) -> dict[str, NDArray]:
        """The last observation of the episodes that are over, in the form of Gymnasium's own vector environments."""
        final = np.full(self.num_envs, None, dtype=object)
        rows = np.flatnonzero(ended)
        final[rows] = np.fromiter(self.view.observe(visits.rows(rows)), dtype=object, count=rows.size)
        return {"final_obs": final, "_final_obs": ended}

    def _step_and_renew(self, actions: NDArray, visits: Visits, run: Run) -> Step:
        """A step with rows that are over: in NEXT_STEP they get a new visit, the others are shown their slates."""
        if self._autoreset is AutoresetMode.DISABLED:
            rows = np.flatnonzero(self._over)
            raise gym.error.ResetNeeded(
                f"{rows.size} visits are over, the first in row {rows[0]}: call reset(options={{'reset_mask': ...}})"
            )
        reward, shown = np.zeros(self.num_envs), self._nothing_shown()
        terminated, truncated = np.zeros((2, self.num_envs), dtype=bool)
        rows = np.flatnonzero(~self._over)
        if rows.size:
            if actions.shape == self.action_space.shape:
                actions = actions.copy()
                actions[self._over] = 0  # not read, so nothing to complain of
            # Checked as a whole, so that a complaint names the row as the caller counts it.
            actions = check_products(actions, self.num_envs, self._simulator.slate_size, self._simulator.products)
            served = visits.rows(rows)
            outcome = self._simulator.respond(served, actions[rows], run)
            self._screens.show(served, actions[rows], outcome, rows)
            visits = visits.replaced(rows, outcome.visits)
            reward[rows], terminated[rows], truncated[rows] = outcome.reward, outcome.terminated, outcome.truncated
            for name, values in shown.items():
                values[rows] = getattr(outcome, name)
        self._visits = self._simulator.restart(visits, self._over, run)
        self._screens.renew(self._visits, np.flatnonzero(self._over))
        self._over = terminated | truncated
        observation, info = self._observe(self._visits, shown)
        return observation, reward, terminated, truncated, info

    def action_masks(self) -> NDArray[np.bool_]:
        """(B, n * P) what each slot may show to each visit, slot after slot, as MaskablePPO of sb3-contrib takes it.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
        """
        return masks_of(self.simulator, self._visits)

    def render(self) -> tuple[Any, ...] | None:
        """One frame per row, as of the single face; a row renewed within the step shows the visit it served last."""
        return self._screens.draw()

    def _observe(self, visits: Visits, shown: dict[str, NDArray]) -> tuple[Any, dict[str, Any]]:
        told = {name: values.copy() for name, values in visits.told().items()}
        return self.view.observe(visits), {**told, **shown}

    def _nothing_shown(self) -> dict[str, NDArray]:
        shape = (self.num_envs, self._simulator.slate_size)
        shown: dict[str, NDArray] = {
            "response": np.zeros(shape, dtype=np.int8),
            "item_reward": np.zeros(shape),
            "duplicates": np.zeros(self.num_envs, dtype=np.int64),
        }
        if self._simulator.limited:
            shown["unavailable"] = np.zeros(self.num_envs, dtype=np.int64)
        return shown


def _autoreset(mode: AutoresetMode | str) -> AutoresetMode:
    """The mode by itself, by its name ("SAME_STEP") or by its value ("SameStep")."""
    for known in AutoresetMode:
        if mode in (known, known.name, known.value):
            return known
    raise ValueError(f"unknown autoreset_mode {mode!r}; known: {', '.join(known.value for known in AutoresetMode)}")
