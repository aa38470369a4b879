"""Every customer model in both faces: simulated means, checkers, seeds, options, and models of a user's own."""

import copy
import inspect
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from selflearn_agents import make_agent
from selflearn_agents.evaluation import evaluate

from selflearn_env import Drift
from selflearn_env.core.customers import CUSTOMERS, CustomerModel, PreferenceCustomers, response_probabilities, top
from tests.envs.plain_lists import flat
from tests.own_customers import TopCustomers

RETAIL = "selflearn/Retail-v0"
ROWS, STEPS = 10_000, 10
WITH_OPTIONS = [
    *((name, {}) for name in CUSTOMERS),
    ("cascade", {"leave": 1.0}),
    ("cascade", {"leave": 0}),
    ("position", {"examination": [1, 0.5, 0.2]}),
]


class HurriedCustomers(PreferenceCustomers):
    """A user's own: only so many slots are looked at."""

    def __init__(self, appeal, slate_size, *, looks=3):
        super().__init__(appeal, slate_size)
        self._seen = (np.arange(slate_size) < looks)[:, None]

    def _respond(self, appeal, uniforms):
        seen = appeal * self._seen
        return (uniforms < seen[..., 0]).astype(np.int8) + (uniforms < seen[..., 1])

    def _probability(self, appeal):
        return response_probabilities(appeal * self._seen)

    def _best_slates(self, appeal, rewards):
        return top(response_probabilities(appeal) @ rewards.by_response, self.slate_size)

    def _random_probability(self, appeal):
        return self._probability(np.repeat(appeal.mean(axis=1)[:, None], self.slate_size, axis=1))


OWN = [(TopCustomers, {"chance": 0.5}), (HurriedCustomers, {"looks": 2})]


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """The name of a module of the user's that has these two classes."""
    imports = ["import numpy as np", "from selflearn_env.core.customers import CustomerModel, PreferenceCustomers"]
    imports += ["from selflearn_env.core.customers import response_probabilities, top", ""]
    source = "\n".join(imports + [inspect.getsource(kind) for kind, _ in OWN])
    (tmp_path / f"{tmp_path.name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path.name


def single(shop, customer, options=None, make=gym.make, **others):
    options = {"shop": shop, "slate_size": 3, "customer": customer, "customer_options": options or {}, **others}
    return make(RETAIL, **options).unwrapped


def vector(*given, rows=4, **others):
    return single(*given, make=gym.make_vec, num_envs=rows, vectorization_mode="vector_entry_point", **others)


def slates_of(policy, envs, states, rng):
    simulator, shape = envs.simulator, (len(states), envs.simulator.slate_size)
    if policy == "random":
        return (rng.integers(envs.shop.products, size=(shape[0], 1)) + 300 * np.arange(shape[1])) % envs.shop.products
    if policy == "popular":
        return envs.shop.history.best_sellers(shape[1])[states]
    best = simulator.optimal_slate(states)
    return best if policy == "best" else np.take_along_axis(best, rng.integers(shape[1], size=shape), axis=1)


@pytest.mark.parametrize("n", [1, 3, 10])
@pytest.mark.parametrize(("customer", "options"), WITH_OPTIONS, ids=str)
def test_simulated_means_match_the_exact_ones(retail_shop, customer, options, n):
    envs = vector(retail_shop, customer, options, rows=ROWS, slate_size=n)
    rng = np.random.default_rng(31)
    for policy in ("random", "popular", "best", "repeats"):
        _, infos = envs.reset(seed=31)
        surprise = np.zeros((STEPS, ROWS))
        happened, chance, error = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros((n, 3))
        for step in range(STEPS):
            states = infos["state"]
            slates = slates_of(policy, envs, states, rng)
            _, rewards, _, _, infos = envs.step(slates)
            surprise[step] = rewards - envs.simulator.expected_reward(states, slates)
            exact = envs.simulator.response_probability(states, slates)
            happened += (infos["response"][..., None] == np.arange(3)).sum(axis=0)
            chance, error = chance + exact.sum(axis=0), error + (exact * (1 - exact)).sum(axis=0)
        assert abs(surprise.mean()) <= 4 * surprise.std(ddof=1) / np.sqrt(surprise.size), policy
        assert (np.abs(happened - chance) <= 4.5 * np.sqrt(error)).all(), policy


@pytest.mark.parametrize("contrast", [1.0, 3.0])
@pytest.mark.parametrize(("customer", "options"), WITH_OPTIONS, ids=str)
def test_the_start_earns_what_the_seeds_does_and_the_best_slates_more(retail_shop, customer, options, contrast):
    simulator = single(retail_shop, customer, options, slate_size=10, contrast=contrast).simulator
    states, start = np.arange(672), retail_shop.history.best_sellers(10)
    if isinstance(simulator.customers, PreferenceCustomers):
        probability = simulator.response_probability(states, start).sum(axis=1)
        assert simulator.state_probability @ probability[:, 1:] == pytest.approx([0.74326, 0.54326], rel=1e-6)
    best = simulator.expected_reward(states, simulator.optimal_slate(states))
    assert (best >= simulator.expected_reward(states, start) - 1e-9).all()
    assert (best >= simulator.random_reward(states) - 1e-9).all()


@pytest.mark.parametrize("customer", CUSTOMERS)
def test_the_checkers_find_no_fault(customer):
    env = gym.make(RETAIL, customer=customer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
        pytest.importorskip("stable_baselines3.common.env_checker").check_env(env)


def stream(envs, seed, steps=40):
    """All that is returned, for slates with repeats among them."""
    rng, seen = np.random.default_rng(0), [envs.reset(seed=seed)]
    for _ in range(steps):
        seen.append(envs.step(rng.integers(8, size=envs.action_space.shape)))
        if not isinstance(envs, gym.vector.VectorEnv):
            seen.append(envs.reset())
    return seen


@pytest.mark.parametrize("customer", [*CUSTOMERS, *(kind for kind, _ in OWN)])
def test_a_vector_of_one_is_the_single_face(tiny_shop, customer):
    one, other = stream(single(tiny_shop, customer), 11), stream(vector(tiny_shop, customer, rows=1), 11)
    assert len({bytes(seen[-1]["response"]) for seen in one[1::2]}) > 1
    states = [info["state"] for _, info in one[::2]]
    assert states == [seen[-1]["state"][0] for seen in other]
    for (_, reward, *_, info), (_, rewards, _, _, infos) in zip(one[1::2], other[1:], strict=True):
        assert reward == rewards[0]
        for key in ("response", "item_reward", "duplicates"):
            np.testing.assert_array_equal(infos[key][0], info[key])


@pytest.mark.parametrize("make", [single, vector])
@pytest.mark.parametrize("customer", CUSTOMERS)
def test_equal_seeds_give_equal_results_and_copies_continue(tiny_shop, customer, make):
    assert flat(stream(make(tiny_shop, customer), 7)) == flat(stream(make(tiny_shop, customer), 7))
    assert flat(stream(make(tiny_shop, customer), 7)) != flat(stream(make(tiny_shop, customer), 8))
    envs = make(tiny_shop, customer)
    stream(envs, 7)
    twins = copy.deepcopy(envs), pickle.loads(pickle.dumps(envs))
    coming = flat(stream(envs, None))
    assert [flat(stream(twin, None)) for twin in twins] == [coming, coming]


def test_options_reach_the_customers(tiny_shop):
    """Who leaves for sure buys one product at most, and below the end of the examination the last one counts."""
    for leave in (0, 1.0):
        envs = vector(tiny_shop, "cascade", {"leave": leave}, rows=2000, slate_size=8)
        envs.reset(seed=1)
        most = (envs.step(np.tile(np.arange(8), (2000, 1)))[-1]["response"] == 2).sum(axis=1).max()
        assert most == 1 if leave else most > 1
    for examination, weights in (([1, 0.5, 0.2], [1, 0.5, 0.2, 0.2]), (None, np.arange(1, 5) ** -0.5)):
        simulator = single(tiny_shop, "position", {"examination": examination}, slate_size=4).simulator
        slates = np.array([np.roll([5, 0, 1, 2], k) for k in range(4)])  # product 5 in each slot
        seen = simulator.response_probability([9] * 4, slates)[np.arange(4), np.arange(4)]
        np.testing.assert_allclose(seen[:, 1:], seen[:1, 1:] * np.array(weights)[:, None], rtol=1e-6)


def check_own(shop, kind, customer, options):
    """The model works in both faces and in an evaluation, and its option reaches it."""
    envs, slates = vector(shop, customer, options, rows=5000), np.tile([0, 1, 2], (5000, 1))
    assert type(envs.simulator.customers).__name__ == kind.__name__
    _, infos = envs.reset(seed=1)
    exact = envs.simulator.response_probability(infos["state"], slates)
    assert (exact[..., 0] < 1).any(axis=0).tolist() == [True, kind is HurriedCustomers, False]
    assert kind is HurriedCustomers or (exact[:, 0, 2] == options["chance"]).all()
    surprise = envs.step(slates)[1] - exact.dot([-2.0, 1.0, 5.0]).sum(axis=1)
    assert abs(surprise.mean()) <= 4 * surprise.std() / np.sqrt(5000)

    env = single(shop, customer, options)
    rewards = [env.reset(seed=seed) and env.step([0, 1, 2])[1] for seed in range(40)]
    assert len(set(rewards)) > 1
    agent = make_agent("epsilon_greedy", history=shop.history, slate_size=3, seed=1)
    world = {"shop": shop, "customer": customer, "customer_options": options}
    result = evaluate(agent, RETAIL, customers=2000, batch=100, progress=False, **world)
    assert (result.visits[-1], (result.regret >= -1e-9).all()) == (2000, True)
    assert 0 < result.mean("purchases") < 2


@pytest.mark.parametrize(("kind", "options"), OWN)
def test_a_users_own_class_works_as_a_registered_one(tiny_shop, kind, options):
    check_own(tiny_shop, kind, kind, options)


@pytest.mark.parametrize(("kind", "options"), OWN)
def test_a_users_own_model_may_be_named_by_its_module(tiny_shop, own_module, kind, options, tmp_path):
    name = f"{own_module}:{kind.__name__}"
    check_own(tiny_shop, kind, name, options)
    tiny_shop.save(tmp_path / "tiny.npz")
    spec = single(str(tmp_path / "tiny.npz"), name, options).spec
    again = EnvSpec.from_json(spec.to_json()).make().unwrapped
    assert type(again.simulator.customers).__name__ == kind.__name__


def test_a_model_that_cannot_drift_says_so_and_one_with_preferences_drifts(tiny_shop):
    with pytest.raises(NotImplementedError, match="TopCustomers does not say how its customers drift"):
        single(tiny_shop, TopCustomers, drift=Drift())
    envs = vector(tiny_shop, HurriedCustomers, rows=100, drift=Drift(every=100))
    before = envs.simulator.expected_reward([9], [[0, 1, 2]])
    envs.reset(seed=1)
    for _ in range(5):
        envs.step(np.tile([0, 1, 2], (100, 1)))
    assert envs.simulator.expected_reward([9], [[0, 1, 2]]) != before


class NotForShops(TopCustomers):
    for_shop = CustomerModel.for_shop  # as in a class that does not define it


@pytest.mark.parametrize("make", [single, vector])
@pytest.mark.parametrize(
    ("customer", "options", "error", "match"),
    [
        ("cascad", {}, ValueError, "unknown customer 'cascad'; did you mean 'cascade'.; known: seed, .*, module:Class"),
        ("cascade", {"leaves": 1}, TypeError, "unknown option 'leaves' of customer 'cascade'; did you mean 'leave'"),
        ("position", {"leave": 1}, TypeError, "unknown option 'leave' of customer 'position'; known: examination"),
        ("logit", {"leave": 1}, TypeError, "unknown option 'leave' of customer 'logit'; there are none"),
        ("seed", {"products": 3}, TypeError, "unknown option 'products' of customer 'seed'; there are none"),
        ("cascade", [("leave", 1)], TypeError, "customer_options is a mapping, got .*leave"),
        ("cascade", {"leave": 2}, ValueError, r"leave is a probability, 0\.\.1, got 2"),
        ("position", {"examination": "all"}, ValueError, "examination is a vector of probabilities.*got 'all'"),
        ("position", {"examination": [1e-3]}, ValueError, "cannot earn 0.543 purchases per visit.*milder options"),
        (TopCustomers, {"chances": 1}, TypeError, "unknown option 'chances' of customer .*'chance'.; known: chance"),
        (HurriedCustomers, {"looks": 0}, ValueError, "cannot earn 0.543 purchases per visit.*milder options"),
        ("no_such_module:Mine", {}, ValueError, "customer 'no_such_module:Mine' cannot be imported: No module named"),
        ("math:Mine", {}, ValueError, "customer 'math:Mine' cannot be imported: module 'math' has no attribute 'Mine'"),
        (":Mine", {}, ValueError, "customer ':Mine' cannot be imported"),
        (".a:Mine", {}, ValueError, "customer '.a:Mine' cannot be imported"),
        ("math:pi", {}, TypeError, "customer is a name or a subclass of CustomerModel, got 'math:pi'"),
        (int, {}, TypeError, "customer is a name or a subclass of CustomerModel, got <class 'int'>"),
        (TopCustomers(3), {}, TypeError, "customer is a name or a subclass of CustomerModel, got <"),
        (None, {}, TypeError, "customer is a name or a subclass of CustomerModel, got None"),
        (PreferenceCustomers, {}, TypeError, "abstract.*PreferenceCustomers.* must define _best_slates, "),
        (CustomerModel, {}, TypeError, "abstract.*CustomerModel.* must define for_shop, "),
        (NotForShops, {}, TypeError, "abstract.*NotForShops.* must define for_shop"),
    ],
)
def test_what_is_no_customer_model_is_named(tiny_shop, make, customer, options, error, match):
    with pytest.raises(error, match=match):
        make(tiny_shop, customer, options).reset(seed=1)
