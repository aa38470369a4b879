"""A trained model of Stable-Baselines3 as an agent, to compare it with the others in one report."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.baselines.static import StaticAgent
from selflearn_agents.registry import agent_rng
from selflearn_agents.specification import AgentSpec
from selflearn_env.core.tables import sum_rows
from selflearn_env.core.visits import Visits
from selflearn_env.declared import Declared, permutation
from selflearn_env.envs.observations import OBSERVATIONS
from selflearn_env.plugins import missing_extra
from selflearn_env.shop.history import History
from selflearn_env.wrappers.action_view import ActionView
from selflearn_env.wrappers.ranker_choice import Ranker, Rankers
from selflearn_env.wrappers.sequential_slate import Draft
from selflearn_env.wrappers.views import VIEWS

# The module of a policy, which a model's file names, and what reads it: A2C has PPO's policy, DDPG has TD3's.
ALGORITHMS = {
    "stable_baselines3.common.policies": ("stable_baselines3", "PPO"),
    "stable_baselines3.dqn.policies": ("stable_baselines3", "DQN"),
    "stable_baselines3.sac.policies": ("stable_baselines3", "SAC"),
    "stable_baselines3.td3.policies": ("stable_baselines3", "TD3"),
    "sb3_contrib.common.maskable.policies": ("sb3_contrib", "MaskablePPO"),
}
SEQUENTIAL, RANKERS = "SequentialSlate", "RankerChoice"


class SB3Agent(StaticAgent):
    """Shows what a model trained by Stable-Baselines3 or sb3-contrib chooses, deterministically; it learns no more.

    Named `sb3:FILE` where agents are named in text, as in `"sb3:ppo.zip(view='CandidateScores')"`. The model observes
    the state and nothing else; in a view that comes from a history it was trained with this one. It is asked for its
    slates at the start, for all states at once; without a view they are as it chooses them, repeats included. What is
    not eligible leaves its slate, and what stands below moves up; the slots that are left show the eligible products of
    most purchases in the history, of which the model knows nothing. Reading the file runs what was pickled into it:
    read only files that you trust. Cost per visit: one look-up.
    """

    extra = "sb3"

    declared: ClassVar[Declared] = {
        "_sellers": permutation("products"),
    }

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        path: str | Path,
        view: str | None = None,
        rankers: Sequence[str] = (),
    ):
        """Reads the model, and asks it for its slates.

        Args:
            history: of the shop.
            slate_size: products per slate.
            rng: not drawn from.
            path: the file, as `model.save` wrote it.
            view: the view of the action in which the model was trained, a name in `selflearn_env.wrappers`; None for
                slates of products.
            rankers: for RankerChoice, the agents between which the model chooses, in their order, named in text as for
                `AgentSpec.parse`; each shows what it does at its start.

        Raises:
            FileNotFoundError: there is no such file.
            ImportError: Stable-Baselines3, or sb3-contrib for its models, is not installed.
            ValueError: the file holds no model that can serve here; the message says why.
        """
        super().__init__(history, slate_size, rng)
        known = (*VIEWS, SEQUENTIAL, RANKERS)
        if view is not None and view not in known:
            raise ValueError(f"unknown view {view!r}; known: {', '.join(known)}")
        if isinstance(rankers, str) or not isinstance(rankers, Sequence):
            raise ValueError(f"rankers are names of agents, as in ('popular', 'quantity'), got {rankers!r}")
        if bool(rankers) != (view == RANKERS):
            raise ValueError(f"rankers, the names of agents, go with view={RANKERS!r} and no other")
        model = _read(Path(path))
        try:
            self.slates = (self._one_by_one if view == SEQUENTIAL else self._at_once)(model, history, view, rankers)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        bought = sum_rows(history.purchases, np.zeros(self.states, dtype=np.int64), 1)[0]
        self._sellers = np.argsort(-bought, kind="stable")  # (P,) best first

    def _among(self, states: NDArray, eligible: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(B, n) what is eligible of the slates, filled up with what sells."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for visit, state in enumerate(states.tolist()):
            own = self.slates[state][eligible[visit, self.slates[state]]].tolist()
            others = self._sellers[eligible[visit, self._sellers]][: self.slate_size].tolist()
            slates[visit] = list(dict.fromkeys(own + others))[: self.slate_size]
        return slates

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """Not known.

        Raises:
            NotImplementedError: a policy chooses slates, and has no estimates of single products.
        """
        raise NotImplementedError("a trained policy chooses slates, and has no estimates of single products")

    def _at_once(self, model: Any, history: History, name: str | None, rankers: Sequence[str]) -> NDArray[np.int64]:
        """(S, n) the slates of a model that chooses a slate in one step."""
        bare = gym.spaces.MultiDiscrete([self.products] * self.slate_size)
        view = self._view(history, name, model.action_space, rankers)
        _check_action(model, bare if view is None else view.space, name)
        observations = [make(history.states) for make in OBSERVATIONS.values()]
        found = [seen.by_state for seen in observations if seen.space == model.observation_space]
        if not found:
            raise ValueError(
                f"the model observes {model.observation_space}, which is not the state; an agent sees no more"
            )
        actions = model.predict(found[0], deterministic=True)[0]
        return actions if view is None else view.slates(actions, Visits(np.arange(self.states)))

    def _view(self, history: History, name: str | None, space: Any, rankers: Sequence[str]) -> ActionView | None:
        """The view of this name and of the size of the model's actions, None for the bare slate."""
        if name is None:
            return None
        if name == RANKERS:
            return Rankers([_ranker(AgentSpec.parse(each), history, self.slate_size) for each in rankers])
        try:
            return VIEWS[name](history, self.slate_size, space)
        except TypeError:
            raise ValueError(f"the model acts in {space}, which is no space of {name}") from None

    def _one_by_one(self, model: Any, history: History, name: str | None, rankers: Sequence[str]) -> NDArray[np.int64]:
        """(S, n) the slates of a model that chooses one product at a time."""
        choices = int(getattr(model.action_space, "n", self.products))  # of another space, refused below
        onehot = OBSERVATIONS["onehot"](history.states)
        draft = Draft(history, self.slate_size, onehot.space, None if choices == self.products else choices)
        _check_action(model, draft.space, name)
        if model.observation_space != draft.observation_space:
            raise ValueError(f"the model observes {model.observation_space}, not the state one-hot with the slots")
        draft.clear(self.states)
        masked = type(model).__name__ == "MaskablePPO"
        while not draft.complete:
            masks = {"action_masks": draft.masks()} if masked else {}
            draft.add(model.predict(draft.observed(onehot.by_state), deterministic=True, **masks)[0])
        return draft.slates(np.arange(self.states))


def _read(path: Path) -> Any:
    """The model in a file, of the algorithm that its policy belongs to.

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: what reads it is not installed.
        ValueError: it holds no model, or one that cannot serve.
    """
    try:
        saved = importlib.import_module("stable_baselines3.common.save_util")
    except ImportError:
        raise missing_extra("sb3:FILE needs Stable-Baselines3", "sb3") from None
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such model")
    try:
        policy = saved.load_from_zip_file(path, device="cpu")[0]["policy_class"].__module__
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path}: no model that Stable-Baselines3 has saved") from None
    if policy not in ALGORITHMS:
        readable = ", ".join(algorithm for _, algorithm in ALGORITHMS.values())
        raise ValueError(f"{path}: a policy of {policy}, which cannot serve; those of {readable} and their kin can")
    library, algorithm = ALGORITHMS[policy]
    try:
        return getattr(importlib.import_module(library), algorithm).load(path, device="cpu")
    except ImportError:
        raise ImportError(f"{path} needs {library}: pip install {library.replace('_', '-')}") from None


def _ranker(spec: AgentSpec, history: History, slate_size: int) -> Ranker:
    """What an agent shows at its start.

    Raises:
        ValueError: the agent is privileged.
    """
    if spec.agent_class.privileged:
        raise ValueError(f"{spec.text} is privileged and cannot be a ranker of a model that is not")
    agent: Agent = spec.agent_class(history, slate_size, agent_rng(0), **spec.hyperparameters)
    return lambda visits: agent.act(visits.state)


def _check_action(model: Any, space: gym.Space, view: str | None) -> None:
    """Sees that a model acts in the space of a view.

    Raises:
        ValueError: it acts in another.
    """
    if model.action_space != space:
        raise ValueError(
            f"the model acts in {model.action_space}, {view or 'slates of this shop'} in {space}; name the view in "
            f"which it was trained, view={SEQUENTIAL!r} or such"
        )
