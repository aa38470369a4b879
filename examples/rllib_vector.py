"""RLlib, PPO over the native vector face: fills each slot with one of the 50 candidates of the state."""

import logging

import gymnasium as gym
import ray
import torch
from judge import judge
from ray.rllib.algorithms.ppo import PPOConfig
from ray.tune import register_env

from selflearn_env.wrappers import VectorCandidateSubset


def shop(options):
    """The vector face under the view."""
    envs = gym.make_vec("selflearn/Retail-v0", vectorization_mode="vector_entry_point", observation="onehot", **options)
    return VectorCandidateSubset(envs, candidates=50)


logging.getLogger("ray.rllib").setLevel("ERROR")  # no notices of versions and of what is not installed
ray.init(logging_level="error", include_dashboard=False)

register_env("shop", shop)
# RLlib takes the first step after an episode for a reset: with SAME_STEP it would not see every second visit.
config = PPOConfig().environment("shop", env_config={"autoreset_mode": "NEXT_STEP"}).debugging(seed=0)
config.env_runners(num_env_runners=0, num_envs_per_env_runner=64, gym_env_vectorize_mode="vector_entry_point")
config.training(gamma=0.0, lr=3e-4, train_batch_size_per_learner=1_024, minibatch_size=128)
config.training(num_epochs=4, use_kl_loss=False)
algorithm = config.build_algo()
for _ in range(40):
    algorithm.train()

module = algorithm.get_module()
slates = module.get_inference_action_dist_cls()


def policy(observation):
    """The likeliest slates."""
    logits = module.forward_inference({"obs": torch.from_numpy(observation)})["action_dist_inputs"]
    return slates.from_logits(logits).to_deterministic().sample().numpy()


judge(policy, shop({"num_envs": 64}))
