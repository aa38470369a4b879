"""Stable-Baselines3, A2C: fills each slot with one of the 20 candidates of the state."""

import gymnasium as gym
from judge import judge
from stable_baselines3 import A2C

from selflearn_env.wrappers import SB3VecEnv, VectorCandidateSubset

envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="onehot")
envs = VectorCandidateSubset(envs, candidates=20)
model = A2C("MlpPolicy", SB3VecEnv(envs), gamma=0.0, seed=0, device="cpu")
model.learn(20_000)

judge(lambda observation: model.predict(observation, deterministic=True)[0], envs)
