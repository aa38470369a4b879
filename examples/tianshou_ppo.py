"""Tianshou, PPO: fills each slot with one of the 50 candidates of the state; 64 single environments side by side."""

import gymnasium as gym
import numpy as np
import torch
from judge import judge
from tianshou.algorithm import PPO
from tianshou.algorithm.modelfree.reinforce import ProbabilisticActorPolicy
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Batch, Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.trainer import OnPolicyTrainerParams
from tianshou.utils.net.common import Net
from tianshou.utils.net.discrete import DiscreteCritic
from torch.distributions import Categorical, Independent

from selflearn_env.wrappers import CandidateSubset, VectorCandidateSubset


def shop():
    """The single face under the view."""
    return CandidateSubset(gym.make("selflearn/Retail-v0", observation="onehot"), candidates=50)


def slates(logits):
    """The distribution of a whole slate: one choice for each slot."""
    return Independent(Categorical(logits=logits.unflatten(-1, (10, 50))), 1)


np.random.seed(0)  # noqa: NPY002  what Tianshou draws from
torch.manual_seed(0)
envs = DummyVectorEnv([shop] * 64)
envs.seed(0)
actor = Net(state_shape=25, action_shape=10 * 50, hidden_sizes=[64, 64])
critic = DiscreteCritic(preprocess_net=Net(state_shape=25, hidden_sizes=[64, 64]))
policy = ProbabilisticActorPolicy(
    actor=actor, dist_fn=slates, deterministic_eval=True, action_space=shop().action_space, action_scaling=False
)
algorithm = PPO(policy=policy, critic=critic, optim=AdamOptimizerFactory(lr=3e-4), gamma=0.0)
algorithm.run_training(
    OnPolicyTrainerParams(
        training_collector=Collector(algorithm, envs, VectorReplayBuffer(2_048, 64)),
        max_epochs=1,
        epoch_num_steps=50_000,
        collection_step_num_env_steps=2_048,
        update_step_num_repetitions=4,
        batch_size=128,
        show_progress=False,
        verbose=False,
    )
)


def choose(observation):
    """The likeliest slates."""
    with torch.no_grad():
        return policy(Batch(obs=observation, info={})).act.numpy()


native = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="onehot")
judge(choose, VectorCandidateSubset(native, candidates=50))
