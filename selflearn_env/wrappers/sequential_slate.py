"""One product at a time: a slate is put together over several steps, and then shown."""

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from selflearn_env.envs.face import Face, face
from selflearn_env.shop.history import History
from selflearn_env.wrappers.action_view import history_and_size
from selflearn_env.wrappers.candidate_subset import best_candidates

SHOWN = ("response", "item_reward", "duplicates", "unavailable")  # of an info, what came of a slate


class Draft:
    """The slates of B visits while they are put together: slot by slot, from above.

    Attributes:
        space: the space of one choice, Discrete(P) for products or Discrete(k) for candidates of the state.
        observation_space: the space of one observation, Box of what the environment observes, then the slot that is
            next, one-hot (n), then the choices so far, (number + 1) / choices, 0 where there is none yet (n).
        chosen: (B, slots so far) the choices.
    """

    _observations: NDArray | None = None  # (B, w) of the visits whose slates these are; None: no visit has begun
    _unshown: dict[str, Any]  # the info until the slates are shown
    _may: NDArray[np.bool_] | None = None  # (B, choices) what may be shown to each visit; None: everything

    def __init__(self, history: History, slate_size: int, observed: gym.Space, candidates: int | None):
        """Prepares for visits that are observed in the space `observed`.

        Raises:
            ValueError: observations are not vectors of floats, or there cannot be so many candidates.
        """
        self.slate_size = slate_size
        self._products = None if candidates is None else best_candidates(history, slate_size, candidates)
        self.choices = history.products if candidates is None else int(candidates)
        self.space = gym.spaces.Discrete(self.choices)
        if not isinstance(observed, gym.spaces.Box) or observed.dtype != np.float32 or len(observed.shape) != 1:
            raise ValueError(f'the slots are added to a vector: make the environment with observation="onehot" '
                             f'(or "journey"), this one observes {observed}')  # fmt: skip
        more = np.ones(2 * self.slate_size, dtype=np.float32)
        self.observation_space = gym.spaces.Box(
            np.concatenate([observed.low, np.zeros_like(more)]), np.concatenate([observed.high, more])
        )
        self.clear(0)

    @property
    def complete(self) -> bool:
        """Whether all slots are filled."""
        return self.chosen.shape[1] == self.slate_size

    def begin(self, observations: NDArray, info: dict[str, Any], face: Face) -> NDArray[np.float32]:
        """Begins the slates of a face's visits, of observations (B, w) and info; what is observed of them now."""
        self.clear(len(observations))
        self._observations, self._unshown = observations, _unshown(info)
        eligible, visits = face.simulator.eligible, face.visits
        assert visits is not None  # they have just begun
        if eligible is not None:
            products = np.arange(self.choices) if self._products is None else self._products[visits.state]
            self._may = np.broadcast_to(eligible[products], (len(visits), self.choices))
        return self.observed(observations)

    def end(self) -> None:
        """Forgets the visits: they are over."""
        self._observations = None

    def unfinished(self) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """What is observed while slots are empty, and the info."""
        assert self._observations is not None
        return self.observed(self._observations), deepcopy(self._unshown)

    def check_begun(self, what: str) -> None:
        """Raises gymnasium.error.ResetNeeded where there are no visits to show slates to."""
        if self._observations is None:
            raise gym.error.ResetNeeded(f"the visit is over, or none has begun: call reset() before {what}")

    def clear(self, rows: int) -> None:
        """Begins the slates of so many visits."""
        self.chosen = np.empty((rows, 0), dtype=np.int64)

    def add(self, choices: NDArray) -> None:
        """Fills the next slot with choices (B,); whose choice is masked gets the first that is not.

        Raises:
            ValueError: there is not one per visit, or one does not exist.
        """
        if choices.shape != (len(self.chosen),):
            raise ValueError(f"expected {len(self.chosen)} choices, one per visit, got an array {choices.shape}")
        if choices.dtype.kind not in "iu" or not ((choices >= 0) & (choices < self.choices)).all():
            raise ValueError(f"a choice is one of 0..{self.choices - 1}, got {choices}")
        again = (self.chosen == choices[:, None]).any(axis=1)
        if self._may is not None or again.any():
            masks = self.masks()
            choices = np.where(masks[np.arange(len(choices)), choices], choices, masks.argmax(axis=1))
        self.chosen = np.column_stack([self.chosen, choices])

    def slates(self, states: NDArray[np.int64]) -> NDArray[np.int64]:
        """(B, n) the products chosen, in the states (B,) of the visits."""
        return self.chosen if self._products is None else self._products[states[:, None], self.chosen]

    def masks(self) -> NDArray[np.bool_]:
        """(B, choices) what may be shown and has not been chosen yet; or if nothing is left, what may not be shown."""
        masks = np.ones((len(self.chosen), self.choices), dtype=bool)
        np.put_along_axis(masks, self.chosen, False, axis=1)
        if self._may is None:
            return masks
        left = masks & self._may
        return np.where(left.any(axis=1, keepdims=True), left, masks)

    def observed(self, observations: NDArray) -> NDArray[np.float32]:
        """(B, w + 2 n) what is observed, of observations (B, w) of the visits; with empty slates, of any others."""
        slot = self.chosen.shape[1]
        more = np.zeros((len(observations), 2, self.slate_size), dtype=np.float32)
        more[:, 0, slot] = 1.0
        if slot:
            more[:, 1, :slot] = (self.chosen + 1) / self.choices
        return np.concatenate([observations, more.reshape(len(observations), -1)], axis=1)


class SequentialSlate(gym.Wrapper, RecordConstructorArgs):
    """The single face, one product per step: Discrete(P), or Discrete(k) over the candidates of the state.

    A step fills the next slot, from above, and earns nothing; the n-th shows the slate, and has its reward and
    responses. `info` in between is that of `reset`. What has been chosen is not chosen again, and what may not be shown
    not at all: `action_masks` has what is left, and an agent that takes no masks gets the first that is, where its
    choice is not left. Nothing is lost over Discrete(P); over candidates it is what `Candidates` loses. An episode has
    n times as many steps: discount by 1, or nearly.
    """

    def __init__(self, env: gym.Env, candidates: int | None = None):
        """Wraps the environment, which observes a vector (`observation="onehot"` or `"journey"`).

        Raises:
            ValueError: it does not, or there cannot be so many candidates.
        """
        RecordConstructorArgs.__init__(self, candidates=candidates)
        gym.Wrapper.__init__(self, env)
        self._draft = Draft(*history_and_size(env), env.observation_space, candidates)
        self.action_space, self.observation_space = self._draft.space, self._draft.observation_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """A new visit, with an empty slate."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self._draft.begin(observation[None], info, face(self.env))[0], info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Fills the next slot.

        Raises:
            gymnasium.error.ResetNeeded: there is no visit to show a slate to.
            ValueError: there is no such product or candidate.
        """
        self._draft.check_begun("step()")
        self._draft.add(np.asarray(action)[None])
        if not self._draft.complete:
            observed, info = self._draft.unfinished()
            return observed[0], 0.0, False, False, info
        slate = self._draft.slates(_states(self.env))[0]
        observation, reward, terminated, truncated, info = self.env.step(slate)
        seen = self._draft.begin(observation[None], info, face(self.env))[0]
        if terminated or truncated:
            self._draft.end()
        return seen, float(reward), terminated, truncated, info

    def action_masks(self) -> NDArray[np.bool_]:
        """(choices,) what may be chosen next.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
        """
        self._draft.check_begun("action_masks()")
        return self._draft.masks()[0]


class VectorSequentialSlate(VectorWrapper):
    """The vector face, one product per step and visit; row by row it is what `SequentialSlate` is for one visit.

    All rows are at the same slot, so the environment renews its visits within the step, and all of them in `reset`.
    """

    def __init__(self, env: VectorEnv, candidates: int | None = None):
        """Wraps the environment, which observes a vector (`observation="onehot"` or `"journey"`).

        Raises:
            ValueError: it does not, there cannot be so many candidates, or autoreset is not SAME_STEP.
        """
        super().__init__(env)
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"the rows fill their slots side by side: autoreset_mode must be SAME_STEP, is {mode}")
        self._draft = Draft(*history_and_size(env), env.single_observation_space, candidates)
        self.single_action_space, self.single_observation_space = self._draft.space, self._draft.observation_space
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """New visits, with empty slates.

        Raises:
            ValueError: a mask would renew only some.
        """
        if "reset_mask" in (options or {}):
            raise ValueError("the rows fill their slots side by side: reset_mask would renew only some of them")
        observation, info = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]
        return self._draft.begin(observation, info, face(self.env)), info

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Fills the next slot of every row.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
            ValueError: there is no such product or candidate, or not one per visit.
        """
        self._draft.check_begun("step()")
        self._draft.add(np.asarray(actions))
        if not self._draft.complete:
            observed, info = self._draft.unfinished()
            return observed, np.zeros(self.num_envs), *np.zeros((2, self.num_envs), dtype=bool), info
        slates = self._draft.slates(_states(self.env))
        observation, reward, terminated, truncated, info = self.env.step(slates)
        seen = self._draft.begin(observation, info, face(self.env))
        if "final_obs" in info:
            final, rows = info["final_obs"].copy(), np.flatnonzero(info["_final_obs"])
            for row in rows:
                final[row] = self._draft.observed(final[row][None])[0]
            info = info | {"final_obs": final}
        return seen, reward, terminated, truncated, info

    def action_masks(self) -> NDArray[np.bool_]:
        """(B, choices) what may be chosen next.

        Raises:
            gymnasium.error.ResetNeeded: no visit has begun.
        """
        self._draft.check_begun("action_masks()")
        return self._draft.masks()


def _states(env: gym.Env | VectorEnv) -> NDArray[np.int64]:
    """(B,) the states of the visits under way."""
    visits = face(env).visits
    assert visits is not None  # a draft is only completed after a reset
    return visits.state


def _unshown(info: dict[str, Any]) -> dict[str, Any]:
    """The info of the steps until the next slate is shown: the state of the visit under way, and zeros.

    It shares nothing with the info of the face, to which the caller may write, as Gymnasium's wrappers do.
    """
    return {"state": copy(info["state"])} | {name: info[name] - info[name] for name in SHOWN if name in info}
