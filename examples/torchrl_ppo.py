"""TorchRL, PPO over the native vector face: fills each slot with one of the 50 candidates of the state."""

import gymnasium as gym
import torch
from judge import judge
from tensordict.nn import TensorDictModule
from torch.distributions import Categorical, Independent
from torchrl.collectors import Collector
from torchrl.envs import GymWrapper
from torchrl.modules import MLP, ProbabilisticActor, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

from selflearn_env.wrappers import VectorCandidateSubset


def shop(autoreset_mode):
    """The vector face under the view."""
    options = {"observation": "onehot", "autoreset_mode": autoreset_mode}
    envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", **options)
    envs = VectorCandidateSubset(envs, candidates=50)
    envs.autoreset_mode = envs.metadata["autoreset_mode"]  # where TorchRL looks for it
    return envs


def slates(logits):
    """The distribution of a whole slate: one choice for each slot."""
    return Independent(Categorical(logits=logits.unflatten(-1, (10, 50))), 1)


torch.manual_seed(0)
envs = GymWrapper(shop("DISABLED"))  # TorchRL renews the visits itself
envs.set_seed(0)
network = TensorDictModule(MLP(25, 10 * 50, num_cells=[64, 64]), ["observation"], ["logits"])
actor = ProbabilisticActor(network, ["logits"], distribution_class=slates, return_log_prob=True)
critic = ValueOperator(MLP(25, 1, num_cells=[64, 64]))
loss = ClipPPOLoss(actor, critic, entropy_bonus=False, normalize_advantage=True)
advantage = GAE(gamma=0.0, lmbda=0.95, value_network=critic)
optimizer = torch.optim.Adam(loss.parameters(), lr=3e-4)
collector = Collector(envs, actor, frames_per_batch=2_048, total_frames=51_200, auto_register_policy_transforms=False)
for visits in collector:
    visits = advantage(visits).flatten()
    for _ in range(4):
        for rows in torch.randperm(len(visits)).split(128):
            losses = loss(visits[rows])
            optimizer.zero_grad()
            (losses["loss_objective"] + losses["loss_critic"]).backward()
            torch.nn.utils.clip_grad_norm_(loss.parameters(), 0.5)
            optimizer.step()


def policy(observation):
    """The likeliest slates."""
    with torch.no_grad():
        return slates(network(observation=torch.from_numpy(observation))).mode.numpy()


judge(policy, shop("SAME_STEP"))
