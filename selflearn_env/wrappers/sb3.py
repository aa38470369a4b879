"""The vector face as Stable-Baselines3 wants it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices


class SB3VecEnv(VecEnv):
    """A vector face, maybe wrapped, for Stable-Baselines3: no process and no copy per environment.

    `infos` has what its algorithms read: `terminal_observation`, and `TimeLimit.truncated` where an episode was cut
    short, whose value is then bootstrapped. Nothing else is copied into it; `envs` is the environment itself.

        envs = gym.make_vec("selflearn/Retail-v0", num_envs=64, vectorization_mode="vector_entry_point")
        model = PPO("MlpPolicy", SB3VecEnv(envs))

    Attributes:
        envs: the environment.
    """

    def __init__(self, envs: VectorEnv):
        """Takes the environment.

        Raises:
            ValueError: it does not renew its visits within the step.
        """
        mode = envs.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"Stable-Baselines3 wants autoreset_mode=SAME_STEP, the default; this one has {mode}")
        self.envs = envs
        self._actions: NDArray | None = None
        self._observation: Any = None
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> Any:
        """(B, ...) the observations of new visits; seeded where `seed` was called before."""
        self._observation, _ = self.envs.reset(seed=self._seeds[0])
        self._reset_seeds()
        self._reset_options()
        return self._observation

    def step_async(self, actions: NDArray) -> None:
        """Takes the actions (B, ...)."""
        self._actions = actions

    def step_wait(self) -> Any:
        """Observations, rewards (B,), dones (B,), and one dictionary per row."""
        before = self._observation
        self._observation, rewards, terminated, truncated, info = self.envs.step(self._actions)
        done = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        # Where an episode is one visit, its last observation is its first.
        final = info.get("final_obs", before)
        for row in np.flatnonzero(done):
            infos[row]["terminal_observation"] = final[row]
            infos[row]["TimeLimit.truncated"] = bool(truncated[row])
        return self._observation, rewards.astype(np.float32), done, infos

    def close(self) -> None:
        """Closes the environment."""
        self.envs.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The attribute of the one environment behind all rows, or of the outermost wrapper that has it."""
        return [self._find(attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Refuses: a row has no attributes of its own.

        Raises:
            NotImplementedError: the rows share one environment.
        """
        raise NotImplementedError("the rows share one environment; set the attribute on `envs`")

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any) -> list[Any]:
        """What a method that answers for all rows at once, such as `action_masks`, says for each of them.

        Raises:
            ValueError: it does not answer row by row.
        """
        answers = self._find(method_name)(*args, **kwargs)
        if not isinstance(answers, np.ndarray) or len(answers) != self.num_envs:
            raise ValueError(f"{method_name} does not answer row by row; call it on `envs`")
        return [answers[row] for row in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """Whether the rows are wrapped one by one: they are not."""
        return [False] * len(list(self._get_indices(indices)))

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """The frames of the rows."""
        return self.envs.render() or [None] * self.num_envs  # type: ignore[return-value]

    def _find(self, name: str) -> Any:
        """An attribute of the outermost wrapper that has it; Gymnasium's vector wrappers do not look for it."""
        envs: Any = self.envs
        while not hasattr(envs, name) and hasattr(envs, "env"):
            envs = envs.env
        return getattr(envs, name)
