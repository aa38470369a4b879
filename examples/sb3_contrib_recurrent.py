"""sb3-contrib, RecurrentPPO: a policy with a memory, over customers' lives."""

import gymnasium as gym
from judge import judge
from sb3_contrib import RecurrentPPO

from selflearn_env import Rewards
from selflearn_env.wrappers import SB3VecEnv, VectorEmbeddingAction

lives, loyalty = "selflearn/RetailJourney-v0", Rewards(buy=7, click=3, ignore=0)  # who comes back is worth something
envs = gym.make_vec(lives, 64, vectorization_mode="vector_entry_point", observation="journey", rewards=loyalty)
envs = VectorEmbeddingAction(envs, dimension=8)
model = RecurrentPPO(
    "MlpLstmPolicy", SB3VecEnv(envs), learning_rate=1e-3, n_steps=32, batch_size=512, n_epochs=4, gamma=0.95, seed=0,
    policy_kwargs={"lstm_hidden_size": 32, "log_std_init": -1.0}, device="cpu",
)  # fmt: skip
model.learn(30_000)

VISITS_BEFORE = 26  # where the observation has them
memory = None


def policy(observation):
    """Remembers each customer until the next one comes."""
    global memory
    first = observation[:, VISITS_BEFORE] == 0
    actions, memory = model.predict(observation, state=memory, episode_start=first, deterministic=True)
    return actions


judge(policy, envs, episodes=1_000)
