"""PPO in one file, in the manner of CleanRL: fills each slot with one of the 50 candidates of the state."""

import gymnasium as gym
import numpy as np
import torch
from judge import judge
from torch import nn
from torch.distributions import Categorical, Independent

from selflearn_env.wrappers import VectorCandidateSubset

TOTAL_STEPS, NUM_ENVS, NUM_STEPS = 50_000, 64, 32
LEARNING_RATE, UPDATE_EPOCHS, MINIBATCH_SIZE, MAX_GRADIENT = 3e-4, 4, 128, 0.5
GAMMA, GAE_LAMBDA, CLIP, VALUE_COEFFICIENT = 0.95, 0.95, 0.2, 0.5

torch.manual_seed(0)
envs = gym.make_vec("selflearn/Retail-v0", NUM_ENVS, vectorization_mode="vector_entry_point", observation="onehot")
envs = VectorCandidateSubset(envs, candidates=50)
observed, choices = envs.single_observation_space.shape[0], envs.single_action_space.nvec


def network(outputs, gain):
    """Two hidden layers, with the orthogonal weights that PPO likes."""
    layers = [nn.Linear(observed, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, outputs)]
    for layer, scale in zip(layers[::2], (2**0.5, 2**0.5, gain), strict=True):
        nn.init.orthogonal_(layer.weight, scale)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


actor, critic = network(choices.sum(), gain=0.01), network(1, gain=1.0)
parameters = [*actor.parameters(), *critic.parameters()]
optimizer = torch.optim.Adam(parameters, lr=LEARNING_RATE, eps=1e-5)


def slates(observation):
    """The distribution of a whole slate: one choice for each slot."""
    return Independent(Categorical(logits=actor(observation).unflatten(-1, (len(choices), -1))), 1)


def value(observation):
    """What the observations are worth."""
    return critic(torch.as_tensor(observation)).squeeze(-1)


@torch.no_grad()
def rollout(observation):
    """What NUM_STEPS steps showed, and the observation after them."""
    seen = {name: [] for name in ("observation", "action", "log_probability", "value", "reward", "done")}
    for _ in range(NUM_STEPS):
        before = torch.as_tensor(observation)
        distribution = slates(before)
        action = distribution.sample()
        observation, reward, terminated, truncated, info = envs.step(action.numpy())
        if truncated.any():  # what is cut short is worth something still, and `observation` is of another customer
            reward[truncated] += GAMMA * value(np.stack(info["final_obs"][truncated])).numpy()
        step = before, action, distribution.log_prob(action), value(before), reward, terminated | truncated
        for name, each in zip(seen, step, strict=True):
            seen[name].append(torch.as_tensor(each))
    return {name: torch.stack(each) for name, each in seen.items()}, observation


@torch.no_grad()
def advantages(seen, observation):
    """(NUM_STEPS, NUM_ENVS) generalised advantage estimates."""
    following, advantage = value(observation), torch.zeros(NUM_ENVS)
    found = []
    for reward, worth, done in zip(*(seen[name].flip(0) for name in ("reward", "value", "done")), strict=True):
        delta = reward.float() + GAMMA * following * ~done - worth
        advantage = delta + GAMMA * GAE_LAMBDA * advantage * ~done
        following = worth
        found.append(advantage)
    return torch.stack(found[::-1])


observation, _ = envs.reset(seed=0)
for _ in range(TOTAL_STEPS // (NUM_ENVS * NUM_STEPS)):
    seen, observation = rollout(observation)
    seen["advantage"] = advantages(seen, observation)
    seen["return"] = seen["advantage"] + seen["value"]
    batch = {name: each.flatten(0, 1) for name, each in seen.items()}
    for _ in range(UPDATE_EPOCHS):
        for rows in torch.randperm(NUM_ENVS * NUM_STEPS).split(MINIBATCH_SIZE):
            part = {name: each[rows] for name, each in batch.items()}
            advantage = (part["advantage"] - part["advantage"].mean()) / (part["advantage"].std() + 1e-8)
            ratio = (slates(part["observation"]).log_prob(part["action"]) - part["log_probability"]).exp()
            gain = torch.min(ratio * advantage, ratio.clamp(1 - CLIP, 1 + CLIP) * advantage).mean()
            miss = 0.5 * (value(part["observation"]) - part["return"]).square().mean()
            optimizer.zero_grad()
            (VALUE_COEFFICIENT * miss - gain).backward()
            nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT)
            optimizer.step()


@torch.no_grad()
def policy(observation):
    """The likeliest slates."""
    return slates(torch.as_tensor(observation)).mode.numpy()


judge(policy, envs)
