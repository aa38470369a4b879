"""Options of a world of persons that cannot be."""

import pytest

from selflearn_env import Journey, Tastes
from tests.envs.peopling import OFF, single_of


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"past": "recorded"}, ValueError, "unknown past 'recorded'; did you mean 'record'"),
        ({"past": None}, ValueError, "unknown past None; known: record, none"),
        ({"season": "day"}, ValueError, "unknown season 'day'; known: month, present"),
        ({"baskets": "yes"}, TypeError, "baskets is True or False, got 'yes'"),
        ({"tastes": True}, TypeError, "tastes is a selflearn_env.Tastes"),
        ({"tastes": {"tast": True}}, TypeError, "Tastes has no 'tast'; did you mean 'taste'"),
        ({"tastes": {"taste": 0.5}}, TypeError, "Tastes.taste is True or False, got 0.5"),
        ({"contrast": 2.0}, ValueError, "contrast makes states differ more"),
        (
            {"customer": "seed"},
            NotImplementedError,
            "SeedCustomers do not differ.*choose another.*tastes off",
        ),
        ({"observation": "persons"}, ValueError, "did you mean 'person'"),
        ({"observation": "record", "tastes": OFF}, ValueError, "no persons: choose tiers"),
        ({"past_": "none"}, TypeError, "did you mean 'past'"),
    ],
)
def test_a_bad_option_is_named(regulars_shop, options, error, says):
    with pytest.raises(error, match=says):
        single_of(regulars_shop, **options)


def test_tastes_may_be_a_mapping(regulars_shop):
    env = single_of(regulars_shop, tastes={"taste": False, "activity": False})
    assert not env.simulator.tastes.persons.theta.std(axis=0).any()
    assert single_of(regulars_shop, tastes=Tastes()).simulator.tastes.persons.theta.std(axis=0).all()


@pytest.mark.parametrize("env_id", ["selflearn/Retail-v0", "selflearn/RetailJourney-v0"])
def test_other_worlds_know_no_persons(regulars_shop, env_id):
    with pytest.raises(TypeError, match="unexpected keyword argument 'past'"):
        single_of(regulars_shop, env_id, past="record")
    with pytest.raises(ValueError, match="unknown observation 'record'"):
        single_of(regulars_shop, env_id, observation="record")


def test_there_is_no_satiation_where_purchases_are_repeated_unless_it_is_asked_for(regulars_shop):
    def satiation(**options):
        return single_of(regulars_shop, **options).simulator.arrivals.journey.satiation

    assert satiation() == satiation(journey={"fatigue": 0.1}) == 0
    assert satiation(tastes=OFF) == satiation(tastes={"repeat": False}) == Journey().satiation
    assert satiation(journey=Journey(satiation=0.3)) == satiation(journey={"satiation": 0.3}) == 0.3
