"""Views of the action where some products may not be shown: they are passed over, and the masks say so."""

import numpy as np
import pytest

from selflearn_env import Drift, Stock, wrappers
from tests.envs.plain_lists import flat

B, N, P, K = 5, 3, 8, 5
STOCK = Stock(out=0.35, lasts=20, every=5)
VANISH = Drift(spread=0, vanish=dict.fromkeys(range(5), 10))  # three are left, of some states' candidates fewer


def ranker_of(first):
    """Shows what may be shown, from a number on; and is told what may be."""

    def rank(visits, eligible):
        may = np.roll(np.arange(P), -first)
        return np.tile(may[eligible[may]][:N], (len(visits), 1))

    return rank


ARGUMENTS = {
    "ScoreAction": {},
    "EmbeddingAction": {"dimension": 3},
    "CandidateScores": {"candidates": P},
    "CandidateSubset": {"candidates": P},
    "RankerChoice": {"rankers": [ranker_of(0), ranker_of(4)]},
    "SequentialSlate": {},
}


def both_of(name, single, vector, num_envs=1, **options):
    known = {"observation": "onehot", "stock": STOCK, **options}
    arguments = ARGUMENTS[name]
    yield getattr(wrappers, name)(single(**known), **arguments)
    yield getattr(wrappers, f"Vector{name}")(vector(num_envs, **known), **arguments)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_nothing_is_shown_that_may_not_be_in_either_face(name, single, vector):
    env, envs = both_of(name, single, vector)
    env.action_space.seed(3)
    over, scarce = True, 0
    envs.reset(seed=2)
    for step in range(60):
        if over:
            env.reset(seed=None if step else 2)
        scarce += not env.unwrapped.simulator.eligible.all()
        action = env.action_space.sample()
        _, reward, terminated, _, info = env.step(action)
        _, rewards, _, _, infos = envs.step(np.asarray(action)[None])
        over = terminated
        assert info["unavailable"] == info["duplicates"] == 0
        assert rewards[0] == reward
        for key, value in flat(info).items():
            assert key == "state" or infos[key][0].tolist() == value
    assert scarce > 20


@pytest.mark.parametrize("name", ["CandidateScores", "CandidateSubset", "SequentialSlate"])
def test_candidates_that_do_not_fill_a_slate_are_filled_up_with_what_may_not_be_shown(name, single, tiny_shop):
    env = getattr(wrappers, name)(single(observation="onehot", drift=VANISH), candidates=K)
    candidates = wrappers.candidate_subset.best_candidates(tiny_shop.history, N, K)
    env.action_space.seed(3)
    seen = set()
    for visit in range(40):
        _, first = env.reset(seed=None if visit else 2)
        over = False
        while not over:
            *_, over, _, info = env.step(env.action_space.sample())
        wanting = 0 if visit < 10 else N - min(N, int((candidates[first["state"]] >= 5).sum()))
        assert (info["unavailable"], info["duplicates"]) == (wanting, 0)
        seen.add(wanting)
    assert len(seen) > 1


def test_scores_and_embeddings_take_the_best_of_what_may_be_shown(single):
    env = wrappers.ScoreAction(single(stock=STOCK))
    rng = np.random.default_rng(1)
    for visit in range(30):
        env.reset(seed=None if visit else 3)
        scores, may = rng.uniform(-1, 1, P).astype(np.float32), env.unwrapped.simulator.eligible
        expected = sorted(np.flatnonzero(may), key=lambda product: -scores[product])[:N]
        assert env.action(scores).tolist() == expected
        env.step(scores)


def test_the_masks_of_a_subset_say_which_candidates_may_be_shown(single, vector, tiny_shop):
    sb3 = pytest.importorskip("selflearn_env.wrappers.sb3")
    candidates = wrappers.candidate_subset.best_candidates(tiny_shop.history, N, K)
    envs = wrappers.VectorCandidateSubset(vector(B, stock=STOCK), candidates=K)
    _, infos = envs.reset(seed=3)
    for _ in range(10):
        expected = [np.tile(envs.unwrapped.simulator.eligible[candidates[state]], N) for state in infos["state"]]
        assert envs.action_masks().tolist() == np.array(expected).tolist()
        assert [
            mask.tolist() for mask in sb3.SB3VecEnv(envs).env_method("action_masks")
        ] == envs.action_masks().tolist()
        *_, infos = envs.step(np.tile([0, 1, 2], (B, 1)))
    plain = wrappers.CandidateSubset(single(), candidates=K)
    plain.reset(seed=1)
    assert plain.action_masks().tolist() == [True] * (N * K)


def test_other_masks_fit_their_spaces(single):
    chooses = wrappers.RankerChoice(single(stock=STOCK), ARGUMENTS["RankerChoice"]["rankers"])
    chooses.reset(seed=1)
    assert chooses.action_masks().tolist() == [True, True]
    scores = wrappers.ScoreAction(single(stock=STOCK))
    scores.reset(seed=1)
    with pytest.raises(NotImplementedError, match="is no choice of a few, and nothing of it can be masked"):
        scores.action_masks()


def test_one_product_at_a_time_masks_what_may_not_be_shown_and_what_was_chosen(single):
    env = wrappers.SequentialSlate(single(observation="onehot", stock=STOCK))
    rng, scarce = np.random.default_rng(1), 0
    for visit in range(20):
        _, first = env.reset(seed=None if visit else 3)
        may, chosen = env.unwrapped.simulator.eligible.tolist(), []
        scarce += not all(may)
        for _ in range(N):
            left = [may[product] and product not in chosen for product in range(P)]
            assert env.action_masks().tolist() == left
            wanted = int(rng.integers(P))
            chosen.append(wanted if left[wanted] else left.index(True))
            *_, info = env.step(wanted)
            assert set(info) == set(first)
        assert info["unavailable"] == 0
    assert scarce > 5
