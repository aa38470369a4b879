"""A world of persons: exact against drawn, what they bring along, what they buy, and what a shop can see."""

from dataclasses import replace

import numpy as np
import pytest

from selflearn_env import Rewards, Tastes
from selflearn_env.core.customers import CUSTOMERS
from selflearn_env.core.people.tastes import PersonalTastes
from selflearn_env.core.people.world import Persons
from selflearn_env.core.rewards import BOUGHT
from selflearn_env.shop.people.rates import moments_of
from tests.envs.peopling import JOURNEY, OFF, ONCE, RETAIL, STILL, N, flat, single_of, steps_of, vector_of, visits_of

PREFERRING = ["independent", "position", "cascade", "logit"]


def slates_of(rng, batch, products=60, n=N):
    return rng.permuted(np.tile(np.arange(products), (batch, 1)), axis=1)[:, :n]


@pytest.mark.parametrize("face", [single_of, vector_of])
def test_with_all_off_it_is_the_journey_bit_for_bit(regulars_shop, face):
    people, journey = face(regulars_shop, tastes=OFF), face(regulars_shop, env_id=JOURNEY)
    assert flat(steps_of(people, 60, seed=1)) == flat(steps_of(journey, 60, seed=1))
    seen = []
    for env in (face(regulars_shop, tastes=OFF, journey=ONCE), face(regulars_shop, env_id=RETAIL)):
        steps = steps_of(env, 60, seed=1)
        for step in steps:
            step[-1].pop("final_obs", None)  # which a journey has in any case
            step[-1].pop("_final_obs", None)
        seen.append(flat(steps))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("customer", PREFERRING)
@pytest.mark.parametrize("season", ["month", "present"])
def test_what_persons_do_has_the_exact_mean(regulars_shop, customer, season):
    simulator = single_of(regulars_shop, customer=customer, season=season).simulator
    few, run = visits_of(simulator, 5, steps=2)
    rng, times = np.random.default_rng(4), 20_000
    slates = slates_of(rng, 5)
    slates[0, 2] = slates[0, 1]  # a repeat
    exact = simulator.response_probability(few, slates)
    np.testing.assert_allclose(exact.sum(axis=2), 1.0)
    many = np.repeat(np.arange(5), times)
    response = simulator.respond(few.rows(many), slates[many], run).response.reshape(5, times, N)
    for kind in range(3):
        found = (response == kind).mean(axis=1)
        error = np.sqrt(exact[..., kind] * (1 - exact[..., kind]) / times)
        assert (np.abs(found - exact[..., kind]) <= 5 * error + 1e-12).all()
    reward = Rewards().by_response
    np.testing.assert_allclose(simulator.expected_reward(few, slates), (exact @ reward).sum(axis=1))


@pytest.mark.parametrize("customer", PREFERRING)
def test_no_slate_is_better_than_the_best_and_random_ones_earn_what_is_said(regulars_shop, customer):
    simulator = single_of(regulars_shop, customer=customer).simulator
    visits, _ = visits_of(simulator, 6, steps=2)
    rng, times = np.random.default_rng(5), 4_000
    best = simulator.expected_reward(visits, simulator.optimal_slate(visits))
    many = np.repeat(np.arange(6), times)
    tried = simulator.expected_reward(visits.rows(many), slates_of(rng, 6 * times)).reshape(6, times)
    assert (tried.max(axis=1) <= best + 1e-9).all()
    error = tried.std(axis=1) / np.sqrt(times)
    assert (np.abs(tried.mean(axis=1) - simulator.random_reward(visits)) < 5 * error).all()
    popular = np.tile(np.arange(N), (6, 1))
    assert simulator.expected_reward(visits, popular).mean() < best.mean()


def test_the_best_slate_is_the_products_of_greatest_rate(regulars_shop):
    simulator = single_of(regulars_shop, journey=STILL).simulator
    visits, _ = visits_of(simulator, 20, steps=3)
    tastes = simulator.tastes
    rates = tastes.world.all_rates(tastes.moments(visits), tastes.persons.rows(visits.customer))
    best = np.sort(np.take_along_axis(rates, simulator.optimal_slate(visits), axis=1), axis=1)
    np.testing.assert_allclose(best, np.sort(rates, axis=1)[:, -N:])


@pytest.mark.parametrize("customer", PREFERRING)
@pytest.mark.parametrize("tastes", [Tastes(), Tastes(taste=False), Tastes(repeat=False, activity=False)])
def test_the_starting_slates_earn_the_articles_responses(regulars_shop, customer, tastes):
    simulator = single_of(regulars_shop, customer=customer, slate_size=10, tastes=tastes, journey=STILL).simulator
    journal = regulars_shop.persons.journal
    turn = np.arange(journal.day.size) - journal.first
    visits = simulator.arrivals.logged_visits(journal.customer, turn)
    earned = simulator.response_probability(visits, regulars_shop.demand().start[visits.state]).sum(axis=1)
    assert earned.mean(axis=0)[1:] == pytest.approx([0.74326, 0.54326], rel=1e-4)


def test_a_visit_of_the_log_has_the_record_of_the_log(regulars_shop):
    simulator, journal = single_of(regulars_shop, season="present").simulator, regulars_shop.persons.journal
    visits = simulator.arrivals.logged_visits(journal.customer, np.arange(journal.day.size) - journal.first)
    assert visits.day.tolist() == journal.day.tolist()
    assert visits.frequency.tolist() == [max(0, turn - 1) for turn in visits.visits.tolist()]  # after the first day
    seen = simulator.seen(visits)
    for visit in range(0, journal.day.size, 7):
        before = slice(journal.start[journal.first[visit]], journal.start[visit])
        own = slice(seen.record.start[visit], seen.record.start[visit + 1])
        assert seen.record.product[own].tolist() == journal.product[before].tolist()
        dates = journal.day[journal.item_visit[before]] + regulars_shop.customers.first_date
        assert seen.record.day[own].tolist() == dates.tolist()
        assert seen.days_since[visit] == (journal.day[visit] - journal.day[visit - 1] if seen.visits[visit] else 0)
    slates = slates_of(np.random.default_rng(3), journal.day.size)
    rates = simulator.tastes.world.rates(
        moments_of(journal, np.arange(journal.day.size)), simulator.tastes.persons.rows(journal.customer), slates
    )
    again = simulator.tastes.world.rates(
        simulator.tastes.moments(visits), simulator.tastes.persons.rows(visits.customer), slates
    )
    np.testing.assert_array_equal(rates, again)


def test_customers_come_with_a_past_or_without(regulars_shop):
    journal = regulars_shop.persons.journal
    for past in ("record", "none"):
        simulator = single_of(regulars_shop, past=past).simulator
        visits, _ = visits_of(simulator, 3_000)
        customers = np.bincount(visits.customer, minlength=journal.customers)
        assert customers.max() < 4 * customers.mean()  # each equally often
        first = journal.day[np.searchsorted(journal.customer, visits.customer)]
        if past == "none":
            assert not visits.logged.any()
            assert visits.day.tolist() == first.tolist()
        else:
            assert (visits.day > first).mean() > 0.5
            assert ((visits.logged > 0) == (visits.day > first)).all()
            usual = np.bincount(journal.customer)[visits.customer]
            assert (visits.visits / usual).mean() == pytest.approx((1 - 1 / usual).mean() / 2, abs=0.02)


def test_where_nobody_comes_back_each_visit_of_the_log_is_drawn_equally_often(regulars_shop):
    simulator = single_of(regulars_shop, journey=ONCE).simulator
    visits, run = visits_of(simulator, 20_000)
    journal = regulars_shop.persons.journal
    found = np.bincount(visits.customer, minlength=journal.customers) / 20_000
    often = np.bincount(journal.customer) / journal.day.size
    assert np.abs(found - often).max() < 5 * np.sqrt(often.max() / 20_000)
    outcome = simulator.respond(visits, slates_of(np.random.default_rng(1), 20_000), run)
    assert outcome.terminated.all()


@pytest.mark.parametrize("baskets", [False, True])
def test_all_that_is_bought_enters_the_record(regulars_shop, baskets):
    simulator = single_of(regulars_shop, baskets=baskets).simulator
    visits, run = visits_of(simulator, 400)
    rng = np.random.default_rng(6)
    before = simulator.seen(visits).record
    slates = slates_of(rng, 400)
    outcome = simulator.respond(visits, slates, run)
    after = simulator.seen(outcome.visits).record
    assert (outcome.visits.purchases - visits.purchases).tolist() == (after.counts() - before.counts()).tolist()
    assert outcome.visits.purchases.tolist() == after.counts().tolist()
    expected = simulator.tastes.world.expected_size(
        simulator.tastes.moments(visits), simulator.tastes.persons.rows(visits.customer)
    )
    sizes = outcome.visits.basket
    if baskets:
        assert sizes.mean() == pytest.approx(np.maximum(expected, 1).mean(), rel=0.12)
    else:
        assert not sizes.any()
    for row in range(400):
        new = after.product[after.start[row] + before.counts()[row] : after.start[row + 1]].tolist()
        bought = slates[row][outcome.response[row] == BOUGHT].tolist()
        assert new[: len(bought)] == bought
        assert not set(new[len(bought) :]) & set(slates[row].tolist())
        assert len(new) == len(bought) + sizes[row]


def test_a_shop_sees_nothing_that_is_hidden(regulars_shop):
    """Other tastes, activities and habits, and another future: what a shop sees of the same visits stays the same."""
    env = single_of(regulars_shop, observation="record")
    simulator, view = env.simulator, env.view
    visits, _ = visits_of(simulator, 50, steps=3)
    tastes, rng = simulator.tastes, np.random.default_rng(9)
    persons = tastes.persons
    others = Persons(
        rng.permutation(persons.theta), rng.permutation(persons.activity) + 1, rng.permutation(persons.cap)[::-1]
    )
    hidden = PersonalTastes(replace(tastes.world, share=tastes.world.share[::-1]), others, tastes.baskets)
    slates = slates_of(rng, 50)
    changed = simulator.tastes.world.rates(tastes.moments(visits), others.rows(visits.customer), slates)
    assert (changed != tastes.world.rates(tastes.moments(visits), persons.rows(visits.customer), slates)).all()
    ours_seen, theirs_seen = vars(tastes.seen(visits, 0)).values(), vars(hidden.seen(visits, 0)).values()
    for ours, theirs in zip(ours_seen, theirs_seen, strict=True):
        if isinstance(ours, np.ndarray):
            np.testing.assert_array_equal(ours, theirs)
        else:
            for name in ("start", "product", "day"):
                np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    later = replace(visits, satisfaction=visits.satisfaction / 2, time=visits.time + 5)  # hidden, too
    np.testing.assert_array_equal(view.observe(visits), view.observe(later))
    view._tastes = hidden
    np.testing.assert_array_equal(
        view.observe(visits), single_of(regulars_shop, observation="record").view.observe(later)
    )
    assert set(visits.told()) == {"state", "customer", "days_since"}


def test_the_person_observed_is_the_one_that_is_hidden(regulars_shop):
    env = single_of(regulars_shop, observation="person")
    visits, _ = visits_of(env.simulator, 30, steps=2)
    persons = env.simulator.tastes.persons.rows(visits.customer)
    hidden = np.column_stack([persons.theta, np.log(persons.activity), persons.cap])
    np.testing.assert_allclose(env.view.observe(visits)[:, -hidden.shape[1] :], hidden, rtol=1e-6)


def test_the_record_observed_counts_the_topics_of_the_history(regulars_shop):
    env = single_of(regulars_shop, observation="record")
    visits, _ = visits_of(env.simulator, 30, steps=2)
    share = regulars_shop.history_people.taste.responsibility
    record = env.simulator.seen(visits).record
    onehot = sum(regulars_shop.states.shape)
    seen = env.view.observe(visits)
    for row in range(30):
        items = record.product[record.start[row] : record.start[row + 1]]
        topics = share[0] + share[1:][items].sum(axis=0)
        np.testing.assert_allclose(seen[row, onehot + 4 :], topics / topics.sum(), rtol=1e-5)
        assert seen[row, onehot + 2] == pytest.approx(np.log1p(len(items)))
        assert seen[row, onehot + 1] == pytest.approx(np.log1p(visits.visits[row]))


def test_switches_take_their_effect_away(regulars_shop):
    def persons(**off):
        return single_of(regulars_shop, tastes=Tastes(**off)).simulator.tastes

    every = persons()
    assert not persons(repeat=False).persons.cap.any()
    assert np.ptp(persons(activity=False).persons.activity) == 0
    no_taste = persons(taste=False)
    assert no_taste.world.factors.tolist() == [[1.0]] * 60
    moments, who = every.moments(visits_of(single_of(regulars_shop).simulator, 20)[0]), np.arange(20)
    for tastes in (every, no_taste, persons(repeat=False)):
        chosen = tastes.persons.rows(who)
        size = tastes.world.expected_size(moments, chosen)
        np.testing.assert_allclose(tastes.world.all_rates(moments, chosen).sum(axis=1), size, rtol=1e-9)


def test_products_come_and_go_where_the_present_is_followed(regulars_shop):
    month, present = (single_of(regulars_shop, season=season).simulator.tastes.world for season in ("month", "present"))
    assert len(month.share) == 12
    assert len(present.share) == len(present.row_of_day) == regulars_shop.lives.days
    assert len(np.unique(present.share[:, 0])) > 100


def test_lives_go_on_beyond_the_log(regulars_shop):
    days = regulars_shop.lives.days + 200
    env = vector_of(regulars_shop, 300, journey={"horizon": days}, season="present", past="none")
    env.reset(seed=2)
    latest = 0
    for _ in range(40):
        env.step(slates_of(np.random.default_rng(2), 300))
        latest = max(latest, env.visits.day.max())
    assert latest > regulars_shop.lives.days


def test_states_stand_for_their_usual_customers(regulars_shop):
    simulator = single_of(regulars_shop).simulator
    states = np.arange(regulars_shop.states.size)
    earned = simulator.expected_reward(states, simulator.optimal_slate(states))
    assert (earned > simulator.random_reward(states)).all()
    assert len(np.unique(earned)) == 12  # one for each month


def test_every_customer_model_says_whether_its_customers_can_be_persons(regulars_shop):
    for name in CUSTOMERS:
        if name in PREFERRING:
            single_of(regulars_shop, customer=name)
        else:
            with pytest.raises(NotImplementedError):
                single_of(regulars_shop, customer=name)
