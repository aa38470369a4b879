"""PPO and A2C of Stable-Baselines3 as agents that learn from the very visits that they serve, like all others."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.registry import agent_rng
from selflearn_agents.specification import AgentSpec
from selflearn_env.core.seen import SeenVisits
from selflearn_env.envs.observations import OBSERVATIONS
from selflearn_env.plugins import missing_extra
from selflearn_env.shop.history import History

RANKERS = ("popular", "bestsellers", "popular_by_segment", "again")
ALGORITHMS = ("PPO", "A2C")
KNOWN = 3  # numbers observed of the customer


class SB3OnlineAgent(Agent):
    """PPO (Schulman et al. 2017) or A2C (Mnih et al. 2016) that chooses at each visit which of a few rankings is shown.

    Observes: the state one-hot; the logarithms of 1 + the customer's visits, 1 + days since the last, 1 + visits in a
    row without a purchase or click, all 0 where nobody is known. Action: the number of a ranking. Reward: the mean item
    reward of the slate; a visit is an episode, so that the discount is 0 and the advantage is the reward less the
    value.

    Update: the visits are collected, and of each `rollout` of them the library's own `train` learns: PPO ten times over
    by its clipped objective, in parts of `minibatch`; A2C once, of all together. The ranking is found again by the
    slate: of two that show the same, the first has the credit, and a slate of none of them, which another agent chose,
    is not learned from.

    Rankings: what agents show that learn from no response. Slate: that of the ranking drawn from the policy. Cost per
    visit: each ranking once to decide and once to learn. Memory: the network, and the visits of a rollout.
    """

    knows_customers = True
    extra = "sb3"
    unsaved = "the network is the library's; train a model of Stable-Baselines3 and serve it as sb3:FILE to keep it"

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        algorithm: str = "PPO",
        rankers: Sequence[str] = RANKERS,
        rollout: int = 1_000,
        minibatch: int = 250,
        step_size: float = 3e-3,
    ):
        """Makes the network.

        Args:
            history: of the shop.
            slate_size: products per slate.
            rng: seeds the network, draws the rankings and the order in which visits are learned from.
            algorithm: "PPO" or "A2C".
            rankers: the agents that make the rankings, named as for `AgentSpec.parse`; two at least, none privileged.
            rollout: visits that are learned from at once.
            minibatch: visits of a step of PPO.
            step_size: of the library's optimizer.

        Raises:
            ImportError: Stable-Baselines3 is not installed.
            ValueError: a hyperparameter cannot be used.
        """
        super().__init__(history, slate_size, rng)
        if algorithm not in ALGORITHMS:
            raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
        if isinstance(rankers, str) or len(rankers) < 2:
            raise ValueError(f"rankers are names of two agents or more, got {rankers!r}")
        if rollout < 2 or (algorithm == "PPO" and not 2 <= minibatch <= rollout):
            raise ValueError(
                f"rollout and minibatch are 2 at least, minibatch is no more, got {rollout!r}, {minibatch!r}"
            )
        if not step_size > 0:
            raise ValueError(f"step_size must be positive, got {step_size!r}")
        try:
            torch: Any = importlib.import_module("torch")
            library: Any = importlib.import_module("stable_baselines3")
            logger: Any = importlib.import_module("stable_baselines3.common.logger")
        except ImportError:
            raise missing_extra("this agent needs Stable-Baselines3", "sb3") from None
        self._rollout = rollout
        self._rankers = [_ranker(AgentSpec.parse(each), history, slate_size) for each in rankers]
        self._onehot = OBSERVATIONS["onehot"](history.states).by_state
        torch.set_num_threads(1)
        own = {"batch_size": minibatch} if algorithm == "PPO" else {}
        self._model = getattr(library, algorithm)(
            "MlpPolicy", None, learning_rate=step_size, n_steps=rollout, gamma=0.0, policy_kwargs={"net_arch": []},
            device="cpu", _init_setup_model=False, **own,
        )  # fmt: skip
        size = self._onehot.shape[1] + KNOWN
        self._model.observation_space = gym.spaces.Box(-np.inf, np.inf, (size,), np.float32)
        self._model.action_space = gym.spaces.Discrete(len(self._rankers))
        self._model.n_envs = 1
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**31)))
            self._model._setup_model()
        self._model.set_logger(logger.Logger(folder=None, output_formats=[]))
        self._collected: list[tuple[NDArray, ...]] = []  # observations, actions and rewards

    def _act(self, states: SeenVisits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the rankings that the policy draws."""
        chances = self._chances(self._observed(states)).cumsum(axis=1)
        chosen = (self.rng.random((len(states), 1)) * chances[:, -1:] >= chances).sum(axis=1)
        return self._shown(states, eligible)[chosen, np.arange(len(states))]

    def _update(self, states: SeenVisits, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Collects visits, and learns when there are enough; the responses are not read."""
        same = (self._shown(states)[:, :, : slates.shape[1]] == slates).all(axis=2)  # (K, B)
        rows = same.any(axis=0)
        kept = (self._observed(states)[rows], same.argmax(axis=0)[rows], item_rewards.mean(axis=1)[rows])
        self._collected.append(kept)
        if sum(len(actions) for _, actions, _ in self._collected) >= self._rollout:
            observations, actions, rewards = map(np.concatenate, zip(*self._collected, strict=True))
            self._collected.clear()
            self._learn(observations, actions, rewards.astype(np.float32))

    def _values(self, states: SeenVisits) -> NDArray[np.float64]:
        """Not known.

        Raises:
            NotImplementedError: the policy values rankings, not products.
        """
        raise NotImplementedError("the policy values rankings, not products")

    def _learn(self, observations: NDArray, actions: NDArray, rewards: NDArray) -> None:
        """The library's update."""
        torch: Any = importlib.import_module("torch")
        seen, done, earned = map(torch.from_numpy, (observations, actions, rewards))
        with torch.no_grad():
            values, chances, _ = self._model.policy.evaluate_actions(seen, done)
        values = values.flatten()
        self._model.rollout_buffer = Rollout(
            {
                "observations": seen,
                "actions": done,
                "old_values": values,
                "old_log_prob": chances,
                "advantages": earned - values,
                "returns": earned,
            },
            self.rng,
        )
        self._model.train()
        self._chances(observations[:1])  # so that no gradient is kept, of which torch makes no copy

    def _chances(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """(B, K) probabilities of the rankings."""
        torch: Any = importlib.import_module("torch")
        with torch.no_grad():
            policy = self._model.policy.get_distribution(torch.from_numpy(observations))
        return policy.distribution.probs.numpy().astype(np.float64)

    def _shown(self, visits: SeenVisits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(K, B, n) what the rankings show."""
        return np.stack([ranker.act(visits, eligible) for ranker in self._rankers])

    def _observed(self, visits: SeenVisits) -> NDArray[np.float32]:
        """(B, D) what the policy observes."""
        known = np.log1p(np.stack([visits.visits, visits.days_since, visits.empty], axis=1))
        return np.concatenate([self._onehot[visits.state], known], axis=1).astype(np.float32)


class Rollout:
    """Visits as the library's `train` reads them, in an order that the agent's own generator draws."""

    def __init__(self, columns: dict[str, Any], rng: np.random.Generator):
        """Takes tensors (N,) or (N, ...) by name."""
        self._columns, self._rng = columns, rng
        self.values, self.returns = columns["old_values"].numpy(), columns["returns"].numpy()

    def get(self, batch_size: int | None) -> Iterator[SimpleNamespace]:
        """All visits in parts, newly shuffled; the rest of them, too few for one more part, is left out.

        Args:
            batch_size: visits of a part; None for all in one.
        """
        order = self._rng.permutation(len(self.returns))
        size = batch_size or len(order)
        for at in range(0, len(order) - size + 1, size):
            rows = order[at : at + size]
            yield SimpleNamespace(**{name: column[rows] for name, column in self._columns.items()})


def _ranker(spec: AgentSpec, history: History, slate_size: int) -> Agent:
    """An agent that makes a ranking.

    Raises:
        ValueError: it is privileged.
    """
    if spec.agent_class.privileged:
        raise ValueError(f"{spec.text} is privileged and cannot make a ranking here")
    agent: Agent = spec.agent_class(history, slate_size, agent_rng(0), **spec.hyperparameters)
    return agent
