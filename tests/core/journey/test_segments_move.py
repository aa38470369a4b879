"""RFM measures and segments that move with what is bought, against lives worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from selflearn_env.core.journey.effects import Journey
from selflearn_env.core.journey.lives import Pace
from selflearn_env.core.segmentation import Segmentation
from tests.core.journey.small_worlds import CENTRES, calendar_of, lives_of, model_of, same_appeal, world_of


def test_rfm_measures_of_a_life_worked_by_hand():
    """Bought on day 0 (the first), twice on day 5, on day 5 again, nothing on day 7, once on day 9."""
    journey = Journey(satiation=0, fatigue=0, boredom=0, delay=1, leave=0)
    appeal = same_appeal(0.0)
    appeal[:, :2] = 1.0  # products 0 and 1 are always bought, the others never
    lives = lives_of(spend=30.0, segment=3, segmentation=Segmentation(CENTRES))
    simulator = world_of(journey, model_of("independent", appeal), lives, calendar_of(40), Pace(1.0, products=1.5))
    visits, seen = simulator.arrivals.first_visits(np.array([0])), []
    assert (int(simulator.arrivals.segment(visits)[0]), int(visits.state[0])) == (0, 0)  # score 3: no recency, Q1
    for day, slate in ((0, [0, 1, 2]), (5, [0, 1, 2]), (5, [3, 1, 2]), (7, [2, 3, 4]), (9, [0, 3, 4])):
        visits = replace(visits, day=np.array([day]))
        visits = simulator.respond(visits, [slate], simulator.begin(np.random.default_rng(0))).visits
        names = ("purchases", "frequency", "last_buy", "spend")
        seen.append((*(getattr(visits, name)[0].item() for name in names), int(simulator.arrivals.segment(visits)[0])))
    # A product bought is worth 30 / 1.5 = 20. Segments: scores of (recency, frequency, monetary) as ranks.
    assert seen == [
        (2, 0, 0, 0.0, 0),  # 0 days, 0, 0.0: 3 + 0 + 0
        (4, 1, 5, 40.0, 3),  # 5 days, 1, 40.0: 2 + 1 + 2
        (5, 1, 5, 60.0, 3),  # 5 days, 1, 60.0: 2 + 1 + 3
        (5, 1, 5, 60.0, 3),
        (6, 2, 9, 80.0, 3),  # 9 days, 2, 40.0: 2 + 1 + 2
    ]


@pytest.mark.parametrize(
    ("bought", "frequency", "spend", "segment"),
    [
        (0, 0, 0.0, 0),  # score 3 + 0 + 0: Q1
        (30, 1, 4.0, 1),  # 0 + 1 + 0: Q2
        (30, 1, 15.0, 2),  # 0 + 1 + 1: Q3
        (30, 5, 500.0, 3),  # 0 + 3 + 3: Q4
        (18, 1, 4.0, 2),  # 1 + 1 + 0: Q3
    ],
)
def test_the_segment_is_that_of_the_nearest_centres(bought, frequency, spend, segment):
    lives = lives_of(first_day=2, segmentation=Segmentation(CENTRES), segment=1)
    calendar = calendar_of(50, kinds=np.arange(50) % 3)
    simulator = world_of(Journey(), model_of("independent", same_appeal(0.0)), lives, calendar)
    visits = simulator.arrivals.first_visits(np.array([0]))
    earned = {"last_buy": 2 + bought, "frequency": frequency, "spend": spend}
    visits = replace(visits, **{name: np.array([value]) for name, value in earned.items()})
    assert simulator.arrivals.segment(visits).tolist() == [segment]
    still = world_of(Journey(segments=False), model_of("independent", same_appeal(0.0)), lives, calendar)
    assert still.arrivals.segment(visits).tolist() == [1]


def test_the_state_is_that_of_the_date_and_the_segment():
    lives = lives_of(4, first_day=[0, 1, 2, 4], segment=[0, 1, 2, 3])
    calendar = calendar_of(10, kinds=[0, 1, 2, 0, 1, 2, 2, 2, 0, 0])
    simulator = world_of(Journey.off(returns=True), model_of("seed", same_appeal(0.0)), lives, calendar)
    assert simulator.arrivals.first_visits(np.arange(4)).state.tolist() == [0, 3 + 1, 6 + 2, 9 + 1]


@pytest.mark.parametrize("segmentation", [None, Segmentation(CENTRES)])
def test_segments_move_only_where_the_shop_has_a_rule_for_them(segmentation):
    lives = lives_of(3, segment=[3, 2, 1], rate=0.5, segmentation=segmentation)
    simulator = world_of(Journey(leave=0), model_of("independent", same_appeal(0.5)), lives, calendar_of(60))
    visits, run = simulator.arrivals.first_visits(np.arange(3)), simulator.begin(np.random.default_rng(1))
    moved = False
    for _ in range(10):
        visits = simulator.respond(visits, [[0, 1, 2]] * 3, run).visits
        moved |= simulator.arrivals.segment(visits).tolist() != [3, 2, 1]
    assert moved == (segmentation is not None)
