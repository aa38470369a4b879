"""The two faces of the simulator: `SlateEnv`, one visit at a time, and `SlateVectorEnv`, many side by side."""

from selflearn_env.envs.slate_env import SlateEnv
from selflearn_env.envs.vector_env import SlateVectorEnv

__all__ = ["SlateEnv", "SlateVectorEnv"]
