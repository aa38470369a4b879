"""RLlib, PPO on one environment: fills each slot with one of the 50 candidates of the state."""

import logging

import gymnasium as gym
import ray
import torch
from judge import judge
from ray.rllib.algorithms.ppo import PPOConfig
from ray.tune import register_env

from selflearn_env.wrappers import CandidateSubset, VectorCandidateSubset

logging.getLogger("ray.rllib").setLevel("ERROR")  # no notices of versions and of what is not installed
ray.init(logging_level="error", include_dashboard=False)

register_env("shop", lambda options: CandidateSubset(gym.make("selflearn/Retail-v0", **options), candidates=50))
config = PPOConfig().environment("shop", env_config={"observation": "onehot"}).debugging(seed=0)
config.env_runners(num_env_runners=0)  # in this process
config.training(gamma=0.0, lr=3e-4, train_batch_size_per_learner=512, minibatch_size=128)
config.training(num_epochs=4, use_kl_loss=False)
algorithm = config.build_algo()
for _ in range(32):
    algorithm.train()

module = algorithm.get_module()
slates = module.get_inference_action_dist_cls()


def policy(observation):
    """The likeliest slates."""
    logits = module.forward_inference({"obs": torch.from_numpy(observation)})["action_dist_inputs"]
    return slates.from_logits(logits).to_deterministic().sample().numpy()


envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="onehot")
judge(policy, VectorCandidateSubset(envs, candidates=50))
