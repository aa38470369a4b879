"""Stable-Baselines3, SAC: moves the slate through a space of products, eight numbers per visit."""

import gymnasium as gym
from judge import judge
from stable_baselines3 import SAC

from selflearn_env.wrappers import SB3VecEnv, VectorEmbeddingAction

envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="onehot")
envs = VectorEmbeddingAction(envs, dimension=8)
model = SAC(
    "MlpPolicy", SB3VecEnv(envs), gamma=0.0, learning_rate=1e-3, gradient_steps=4, ent_coef=0.1, seed=0, device="cpu"
)
model.learn(10_000)

judge(lambda observation: model.predict(observation, deterministic=True)[0], envs)
