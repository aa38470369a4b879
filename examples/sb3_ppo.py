"""Stable-Baselines3, PPO: re-ranks what the history recommends; 64 visits side by side."""

import gymnasium as gym
from judge import judge
from stable_baselines3 import PPO

from selflearn_env.wrappers import SB3VecEnv, VectorCandidateScores

envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="onehot")
envs = VectorCandidateScores(envs)
model = PPO("MlpPolicy", SB3VecEnv(envs), n_steps=32, batch_size=512, gamma=0.0, seed=0, device="cpu")
model.learn(20_000)

judge(lambda observation: model.predict(observation, deterministic=True)[0], envs)
