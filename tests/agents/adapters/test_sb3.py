"""A trained model as an agent: it shows what the model chooses in its view, and is refused with a reason."""

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.evaluation import compare
from selflearn_agents.evaluation.runs import RunSpec
from selflearn_agents.evaluation.worlds import World
from selflearn_agents.specification import AgentSpec

from selflearn_env import wrappers

sb3 = pytest.importorskip("stable_baselines3")
contrib = pytest.importorskip("sb3_contrib")

RETAIL, N, P, S = "selflearn/Retail-v0", 3, 8, 672
RANKERS = ("quantity", "popular")


@pytest.fixture(autouse=True)
def one_thread():
    """Torch's threads cost more than they bring with networks of this size."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)


def ranked(env):
    static = [make_agent(name, history=env.unwrapped.shop.history, slate_size=N) for name in RANKERS]
    return wrappers.RankerChoice(env, [lambda visits, agent=agent: agent.act(visits.state) for agent in static])


CASES = {  # algorithm, observation, view, arguments of the agent
    "slates": (sb3.PPO, "tiers", lambda env: env, {}),
    "A2C": (sb3.A2C, "index", lambda env: wrappers.CandidateSubset(env, 5), {"view": "CandidateSubset"}),
    "SAC": (sb3.SAC, "onehot", lambda env: wrappers.EmbeddingAction(env, 2), {"view": "EmbeddingAction"}),
    "TD3": (sb3.TD3, "onehot", lambda env: wrappers.CandidateScores(env, 6), {"view": "CandidateScores"}),
    "DDPG": (sb3.DDPG, "onehot", wrappers.ScoreAction, {"view": "ScoreAction"}),
    "DQN": (sb3.DQN, "tiers", ranked, {"view": "RankerChoice", "rankers": RANKERS}),
    "one by one": (sb3.DQN, "onehot", wrappers.SequentialSlate, {"view": "SequentialSlate"}),
    "masked": (
        contrib.MaskablePPO,
        "onehot",
        lambda env: wrappers.SequentialSlate(env, 5),
        {"view": "SequentialSlate"},
    ),
}


class Noted(gym.Wrapper):
    """Remembers the slate that reached the environment."""

    def step(self, action):
        self.shown = np.asarray(action).tolist()
        return super().step(action)


def trained(path, shop, algorithm, observation, view, _=None):
    """A model that has learned a little, saved; the view of its environment, and the bare one in it."""
    noted = Noted(gym.make(RETAIL, shop=shop, slate_size=N, observation=observation))
    env = view(noted)
    off_policy = issubclass(algorithm, sb3.common.off_policy_algorithm.OffPolicyAlgorithm)
    few = {"learning_starts": 5, "buffer_size": 100} if off_policy else {"n_steps": 8}
    if algorithm in (sb3.PPO, contrib.MaskablePPO):
        few["batch_size"] = 8
    model = algorithm("MlpPolicy", env, policy_kwargs={"net_arch": [8]}, device="cpu", seed=1, **few).learn(24)
    model.save(path)
    return model, env, noted


@pytest.mark.parametrize("case", CASES)
def test_it_shows_what_the_model_chooses_in_its_view(case, tiny_shop, tmp_path):
    """Against the model itself, which acts in its environment step by step."""
    model, env, noted = trained(tmp_path / "model.zip", tiny_shop, *CASES[case])
    agent = make_agent(f"sb3:{tmp_path}/model.zip", history=tiny_shop.history, slate_size=N, **CASES[case][-1])
    for seed in range(25):
        seen, info = env.reset(seed=seed)
        over = False
        while not over:
            masks = {"action_masks": env.action_masks()} if case == "masked" else {}
            action, _ = model.predict(seen, deterministic=True, **masks)
            seen, _, over, _, _ = env.step(action)
        assert agent.act([info["state"]])[0].tolist() == noted.shown
    states = np.arange(S)
    assert agent.propensity(states, agent.act(states)).tolist() == np.ones((S, N)).tolist()
    with pytest.raises(NotImplementedError, match="has no estimates of single products"):
        agent.values(states)


@pytest.fixture
def model(tiny_shop, tmp_path):
    """The file of a model that re-ranks six candidates."""
    trained(tmp_path / "model.zip", tiny_shop, *CASES["TD3"])
    return tmp_path / "model.zip"


def test_it_is_named_in_text_and_kept_by_what_the_file_holds(model, tiny_shop):
    spec = AgentSpec.parse(f"sb3:{model}(view='CandidateScores')")
    assert spec.hyperparameters == {"path": model, "view": "CandidateScores"}
    world = World("one", RETAIL, 40, {"shop": tiny_shop, "slate_size": N})
    run = RunSpec(spec, world, 0, 1)
    before = run.file
    assert compare([spec], RETAIL, 40, [0], shop=tiny_shop, slate_size=N).table().index.tolist() == [spec.text]
    assert run.file == before
    trained(model, tiny_shop, *CASES["slates"])
    assert run.file != before


def test_the_ending_of_the_file_may_be_left_out(model, tiny_shop):
    known = {"history": tiny_shop.history, "slate_size": N, "view": "CandidateScores"}
    assert AgentSpec.parse(f"sb3:{model.with_suffix('')}").hyperparameters == {"path": model}
    named, short = make_agent(f"sb3:{model}", **known), make_agent(f"sb3:{model.with_suffix('')}", **known)
    assert named.act(np.arange(S)).tolist() == short.act(np.arange(S)).tolist()


def test_it_is_saved_as_the_slates_that_it_shows(model, tiny_shop, tmp_path):
    agent = make_agent(f"sb3:{model}", history=tiny_shop.history, slate_size=N, view="CandidateScores")
    agent.save(tmp_path / "agent.npz")
    again = load_agent(tmp_path / "agent.npz", own=[type(agent)])
    assert again.act(np.arange(S)).tolist() == agent.act(np.arange(S)).tolist()


def test_what_is_not_eligible_gives_way_to_what_sells(model, tiny_shop):
    agent = make_agent(f"sb3:{model}", history=tiny_shop.history, slate_size=N, view="CandidateScores")
    bought, states = np.asarray(tiny_shop.history.purchases).sum(axis=0), np.arange(S)
    eligible = np.random.default_rng(1).permuted(np.tile(np.arange(P) < 5, (S, 1)), axis=1)
    for own, slate, allowed in zip(agent.act(states), agent.act(states, eligible), eligible, strict=True):
        kept = [product for product in own if allowed[product]]
        others = sorted(
            (product for product in range(P) if allowed[product] and product not in kept), key=lambda p: -bought[p]
        )
        assert slate.tolist() == (kept + others)[:N]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({}, r"model.zip: the model acts in Box\(.*\), slates of this shop in MultiDiscrete\(.*name the view in which"),
        ({"view": "Embedding"}, "unknown view 'Embedding'; known: EmbeddingAction, ScoreAction"),
        ({"view": "CandidateSubset"}, r"the model acts in Box\(.*\), which is no space of CandidateSubset"),
        ({"view": "ScoreAction"}, r"the model acts in Box\(-1.0, 1.0, \(6,\).*, ScoreAction in Box\(-1.0, 1.0, \(8,\)"),
        ({"view": "SequentialSlate"}, "the model acts in Box"),
        ({"view": "RankerChoice"}, "rankers, the names of agents, go with view='RankerChoice' and no other"),
        ({"view": "CandidateScores", "rankers": ["popular"]}, "rankers, the names of agents, go with"),
        (
            {"view": "RankerChoice", "rankers": "popular"},
            r"rankers are names of agents, as in \('popular', 'quantity'\)",
        ),
        ({"view": "RankerChoice", "rankers": ["popular", "oracle"]}, "oracle is privileged and cannot be a ranker"),
        ({"view": "RankerChoice", "rankers": RANKERS}, r"the model acts in Box\(.*, RankerChoice in Discrete\(2\)"),
    ],
)
def test_a_model_of_another_view_is_refused(known, why, model, tiny_shop):
    with pytest.raises(ValueError, match=why):
        make_agent(f"sb3:{model}", history=tiny_shop.history, slate_size=N, **known)


def test_files_that_hold_no_model_are_refused(tiny_shop, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.zip: there is no such model"):
        make_agent(f"sb3:{tmp_path}/missing.zip", history=tiny_shop.history, slate_size=N)
    (tmp_path / "text.zip").write_text("no model")
    with pytest.raises(ValueError, match=r"text\.zip: no model that Stable-Baselines3 has saved"):
        make_agent(f"sb3:{tmp_path}/text.zip", history=tiny_shop.history, slate_size=N)


def test_a_policy_with_a_memory_is_refused(tiny_shop, tmp_path):
    env = gym.make(RETAIL, shop=tiny_shop, slate_size=N, observation="onehot")
    contrib.RecurrentPPO("MlpLstmPolicy", env, n_steps=8, batch_size=8, device="cpu").save(tmp_path / "model.zip")
    with pytest.raises(ValueError, match=r"a policy of sb3_contrib.*recurrent.*, which cannot serve; those of PPO"):
        make_agent(f"sb3:{tmp_path}/model.zip", history=tiny_shop.history, slate_size=N)


def test_a_model_that_observes_more_than_the_state_is_refused(tiny_shop, tmp_path):
    env = gym.make("selflearn/RetailJourney-v0", shop=tiny_shop, slate_size=N, observation="journey")
    sb3.PPO("MlpPolicy", env, n_steps=8, batch_size=8, device="cpu").save(tmp_path / "model.zip")
    with pytest.raises(
        ValueError, match=r"(?s)the model observes Box\(.*, which is not the state; an agent sees no more"
    ):
        make_agent(f"sb3:{tmp_path}/model.zip", history=tiny_shop.history, slate_size=N)
