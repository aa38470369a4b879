"""Stable-Baselines3, DQN: chooses, visit by visit, which of three static agents makes the slate."""

import gymnasium as gym
from judge import judge
from selflearn_agents import make_agent
from stable_baselines3 import DQN

from selflearn_env.wrappers import SB3VecEnv, VectorRankerChoice

envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="onehot")
history = envs.unwrapped.shop.history
static = [make_agent(name, history=history) for name in ("quantity", "popular_by_segment", "popular")]
envs = VectorRankerChoice(envs, [lambda visits, agent=agent: agent.act(visits.state) for agent in static])
model = DQN("MlpPolicy", SB3VecEnv(envs), gamma=0.0, learning_rate=1e-3, gradient_steps=4, seed=0, device="cpu")
model.learn(20_000)

judge(lambda observation: model.predict(observation, deterministic=True)[0], envs)
