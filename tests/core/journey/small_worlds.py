"""Small worlds made by hand, in which customers come back."""

import numpy as np
from hypothesis import strategies as st

from selflearn_env.core.arrivals import SingleVisits
from selflearn_env.core.customers import (
    CascadeCustomers,
    IndependentCustomers,
    LogitCustomers,
    PositionCustomers,
    SeedCustomers,
)
from selflearn_env.core.journey.arrivals import PassingCustomers, ReturningCustomers
from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Calendar, Lives, Pace
from selflearn_env.core.journey.memory import CustomerMemory
from selflearn_env.core.memory import NoMemory
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.segmentation import Segmentation
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.states import StateSpace, Tier

P, N, KINDS = 6, 3, 3  # products, slots, kinds of days
STATES = StateSpace((Tier("segment", ("Q1", "Q2", "Q3", "Q4")), Tier("day", ("a", "b", "c"))))
PREFERRING = {
    "independent": IndependentCustomers,
    "position": PositionCustomers,
    "cascade": CascadeCustomers,
    "logit": LogitCustomers,
}
MODELS = ["seed", *PREFERRING]
CENTRES = {
    "recency": (0.0, 6.0, 14.0, 25.0),
    "frequency": (0.0, 1.0, 3.0, 6.0),
    "monetary": (0.0, 10.0, 30.0, 80.0),
}


def model_of(name, appeal, n=N):
    """The model with this table (S, P, 2) of buying and of responding at all."""
    if name == "seed":
        return SeedCustomers(appeal.shape[1], n)
    return PREFERRING[name](np.asarray(appeal, dtype=np.float32), n)


def same_appeal(buy, click=0.0, products=P):
    """(S, P, 2) all products bought with one chance, and otherwise clicked with another."""
    pair = np.array([buy, buy + (1 - buy) * click], np.float32)
    return np.tile(pair, (STATES.size, products, 1))


def random_appeal(rng):
    buy = rng.random((STATES.size, P)) * 0.6
    return np.stack([buy, buy + (1 - buy) * rng.random(buy.shape) * 0.6], axis=-1)


def lives_of(
    customers=1, *, first_day=0, rate=1.0, leave=0.0, spend=30.0, segment=0, segmentation=None, repurchase=8.0
):
    """Customers who are alike, or as arrays say."""

    def all_of(value, dtype):
        return np.broadcast_to(np.asarray(value, dtype=dtype), customers).copy()

    return Lives(
        all_of(first_day, np.int64),
        all_of(rate, float),
        all_of(leave, float),
        all_of(spend, float),
        all_of(segment, np.int64),
        segmentation,
        repurchase,
    )


def calendar_of(days=30, pace=None, kinds=None):
    """Days that all pass at one pace and are of one kind, or as lists say."""
    pace = np.ones(days) if pace is None else np.asarray(pace, dtype=float)
    kinds = np.zeros(len(pace), dtype=np.int64) if kinds is None else np.asarray(kinds)
    return Calendar(kinds, np.concatenate([[0.0], np.cumsum(pace)]), KINDS)


def arrivals_of(journey, lives=None, calendar=None, pace=None, n=N, products=P):
    """Who comes in a world of this journey; without returns, each kind of state equally often."""
    lives, calendar = lives or lives_of(), calendar or calendar_of()
    if not journey.returns:
        single = SingleVisits(np.ones(STATES.size, dtype=np.int64))
        return PassingCustomers(journey, lives, calendar, n, products, single)
    return ReturningCustomers(journey, lives, calendar, n, products, pace or Pace(1.0, 1.0))


def world_with(arrivals, customers, n=N, rewards=None, products=P):
    """The world of these arrivals."""
    journey, remember = arrivals.journey, arrivals.journey.returns
    return Simulator(
        states=STATES,
        products=products,
        slate_size=n,
        state_probability=np.full(STATES.size, 1 / STATES.size),
        arrivals=arrivals,
        memory=CustomerMemory(journey, arrivals.lives.repurchase_days) if remember else NoMemory(),
        customers=customers,
        rewards=rewards or Rewards(),
    )


def world_of(journey, customers, lives=None, calendar=None, pace=None, n=N, rewards=None, products=P):
    """The world of a journey."""
    return world_with(arrivals_of(journey, lives, calendar, pace, n, products), customers, n, rewards, products)


def random_world(rng, journey, name="independent"):
    """A world of a few customers and weeks, with days when it is closed."""
    customers, days = 5, 40
    lives = lives_of(
        customers,
        first_day=rng.integers(days // 2, size=customers),
        rate=rng.choice([0.05, 0.4, 2.0], customers),
        leave=rng.choice([0.0, 0.1, 0.5], customers),
        spend=rng.choice([0.0, 8.0, 60.0], customers),
        segment=rng.integers(4, size=customers),
        segmentation=Segmentation(CENTRES) if rng.random() < 0.8 else None,
        repurchase=float(rng.choice([2.0, 12.0])),
    )
    calendar = calendar_of(pace=rng.choice([0.0, 0.5, 1.0, 2.0], days), kinds=rng.integers(KINDS, size=days))
    pace = Pace(visits=float(rng.choice([1.0, 2.5])), products=float(rng.choice([1.0, 1.7])))
    return world_of(journey, model_of(name, random_appeal(rng)), lives, calendar, pace)


def journeys():
    """Journeys of any kind in which customers come back."""
    return st.builds(
        Journey,
        segments=st.booleans(),
        satiation=st.sampled_from([0.0, 0.5, 1.0]),
        satiation_days=st.sampled_from([None, 1.5, 20.0]),
        fatigue=st.sampled_from([0.0, 0.2, 0.9]),
        fatigue_days=st.sampled_from([2.0, 30.0]),
        boredom=st.sampled_from([0.0, 0.5, 1.0]),
        delay=st.sampled_from([1.0, 1.2, 5.0]),
        leave=st.sampled_from([0.0, 0.1, 1.0]),
        patience=st.sampled_from([1, 2, 3]),
    )


def served(simulator, batch, visits, number=0):
    """Visits after a number of random slates with repeats, and the run; rows whose episode is over start anew."""
    rng = np.random.default_rng(number)
    run = simulator.begin(rng)
    under_way = simulator.start(batch, run)
    for _ in range(visits):
        slates = rng.integers(simulator.products, size=(batch, simulator.slate_size))
        outcome = simulator.respond(under_way, slates, run)
        under_way = simulator.restart(outcome.visits, outcome.terminated | outcome.truncated, run)
    return under_way, run
