"""The recipe that gets past `popular`: PPO chooses between four rankings of the history, two of which try what is next.

Which ranking is best differs with the state, and the history alone does not tell: its customers are not those who come.
Prints the curve of five seeds: the expected reward per visit, exact, above that of the static agent `popular`.
"""

import gymnasium as gym
import numpy as np
from stable_baselines3 import PPO

from selflearn_env.core.ranking import top
from selflearn_env.core.visits import Visits
from selflearn_env.wrappers import SB3VecEnv, VectorRankerChoice

SEEDS, POINTS = 5, 8
ROWS, STEPS = 256, 32  # a rollout has 8,192 visits
VISITS = 3 * ROWS * STEPS  # from point to point, 196,608 in all


def rankings(history):
    """(4, S, 10): by pooled incidence, by the purchases of the month, and both with the next two for the last two."""
    month = history.states.table[:, 1]
    of_month = np.stack([history.purchases[month == each].sum(axis=0) for each in range(12)])
    found = []
    for scores in (history.incidence(), of_month[month]):
        best = top(scores, 12)
        found += [best[:, :10], np.delete(best, [8, 9], axis=1)]
    return np.stack(found)


def curve(seed):
    """(POINTS,) what the policy earns per visit above `popular`, after every so many visits."""
    envs = gym.make_vec("selflearn/Retail-v0", ROWS, vectorization_mode="vector_entry_point", observation="onehot")
    simulator, history = envs.unwrapped.simulator, envs.unwrapped.shop.history
    slates = rankings(history)
    envs = VectorRankerChoice(envs, [lambda visits, of=of: of[visits.state] for of in slates])
    model = PPO(
        "MlpPolicy", SB3VecEnv(envs), policy_kwargs={"net_arch": []}, learning_rate=3e-3, gamma=0.0,
        n_steps=STEPS, batch_size=2_048, seed=seed, device="cpu",
    )  # fmt: skip
    states = np.arange(history.states.size)
    worth = np.stack([simulator.expected_reward(states, each) for each in slates])  # exact, for the curve only
    earned = []
    for _ in range(POINTS):
        model.learn(VISITS, reset_num_timesteps=False)
        chosen = model.predict(envs.unwrapped.view.observe(Visits(states)), deterministic=True)[0]
        earned.append(simulator.state_probability @ (worth[chosen, states] - worth[0]))
    return earned


if __name__ == "__main__":
    curves = np.array([curve(seed) for seed in range(SEEDS)])
    print("visits, then reward per visit above popular: mean, least and greatest of the seeds")
    for point, earned in enumerate(curves.T, start=1):
        print(f"{point * VISITS:7,}  {earned.mean():+.3f}  {earned.min():+.3f} .. {earned.max():+.3f}")
    if not (curves[:, -1] > 0).all():
        raise SystemExit("not every seed gets past popular")
