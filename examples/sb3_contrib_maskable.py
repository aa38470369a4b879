"""sb3-contrib, MaskablePPO: one product at a time, none of them twice."""

import gymnasium as gym
from judge import judge
from sb3_contrib import MaskablePPO

from selflearn_env.wrappers import SB3VecEnv, VectorSequentialSlate

envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="onehot")
envs = VectorSequentialSlate(envs, candidates=50)
model = MaskablePPO(
    "MlpPolicy", SB3VecEnv(envs), n_steps=40, batch_size=640, learning_rate=1e-3, gamma=1.0, seed=0, device="cpu"
)
model.learn(100_000)  # ten steps make a slate


def policy(observation):
    """Chooses among what is left."""
    return model.predict(observation, action_masks=envs.action_masks(), deterministic=True)[0]


judge(policy, envs)
