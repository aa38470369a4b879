"""Checks an agent by all rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from selflearn_agents.agent import Agent
from selflearn_agents.registry import check_hyperparameters
from selflearn_agents.specification import AgentSpec
from selflearn_agents.testing import learning, masks, probabilities, repeating, showing
from selflearn_agents.testing.trial import Trial
from selflearn_env import Shop
from selflearn_env.envs.options import Options
from selflearn_env.envs.people_options import PeopleOptions
from selflearn_env.testing.contract import try_rule
from selflearn_env.testing.shops import small_shop

Rule = Callable[[Trial], None]

EVERYWHERE: tuple[Rule, ...] = (
    showing.shows_distinct_products,
    repeating.leaves_its_inputs_alone,
    repeating.repeats_itself,
    repeating.keeps_no_arrays_of_others,
    probabilities.is_sure_where_it_says_so,
    repeating.is_not_changed_by_a_look,
    repeating.goes_on_when_loaded,
    learning.values_are_by_visit,
    showing.takes_no_visits,
    probabilities.propensities_add_up,
)
BY_STATE: tuple[Rule, ...] = (
    showing.serves_any_size,
    showing.refuses_states_that_do_not_exist,
    learning.learns_nothing_from_what_cannot_be,
    learning.learns_from_slates_cut_short,
    learning.counts_a_repeat_where_it_stands_first,
    learning.bears_extreme_rewards,
    probabilities.propensities_are_frequencies,
    probabilities.first_slots_are_as_likely_as_in_the_slate,
    masks.shows_only_what_is_eligible,
    masks.changes_nothing_where_all_is_eligible,
    masks.propensities_know_what_is_eligible,
    masks.chooses_the_same_when_loaded,
)


def check_agent(agent: str | type[Agent] | AgentSpec, shop: Shop | None = None, *, slate_size: int = 3) -> None:
    """Checks that an agent keeps the rules of all agents; takes some seconds.

    The agent serves visits in `selflearn/Retail-v0`, and if it knows customers, in `selflearn/RetailPeople-v0`, too.
    Whether it recommends well is not judged.

    Args:
        agent: its class; or as `compare` takes it: a name, "module:Class(option=1)", or an `AgentSpec`.
        shop: where it serves; None for a small one of 8 products. With many products this takes long, since some
            checks try all of them.
        slate_size: products per slate.

    Raises:
        AssertionError: a rule is broken; the message says which, and what to change.
        TypeError: this is no agent, or it has no such hyperparameter.
        ValueError: there is no agent of this name, or the slate does not fit the shop.
    """
    spec, shop = specified(agent), small_shop() if shop is None else shop
    worlds: list[tuple[Options, tuple[Rule, ...]]] = [(Options(slate_size=slate_size), EVERYWHERE + BY_STATE)]
    if spec.agent_class.knows_customers:
        persons = PeopleOptions(slate_size=slate_size)
        worlds += [(persons, EVERYWHERE), (replace(persons, past="none"), EVERYWHERE[:1])]
    for world, rules in worlds:
        trial = Trial.of(spec, shop, world)
        for rule in rules:
            try_rule(rule, trial, trial.name)


def specified(agent: Any) -> AgentSpec:
    """The agent as `compare` has it.

    Raises:
        TypeError: it is no agent, or has no such hyperparameter.
        ValueError: there is none of this name.
    """
    if isinstance(agent, AgentSpec):
        known = [option for option in agent.agent_class.hyperparameters() if option != "simulator"]
        check_hyperparameters(agent.text, agent.hyperparameters, known)
        return agent
    if isinstance(agent, str):
        return AgentSpec.parse(agent)
    if isinstance(agent, Agent):
        name = type(agent).__name__
        raise TypeError(
            f"this is one {name}, made already, and several are needed; give the class, {name}, or "
            f"AgentSpec('{name}', {name}, hyperparameters)"
        )
    if not (isinstance(agent, type) and issubclass(agent, Agent)):
        raise TypeError(f"an agent is a subclass of selflearn_agents.Agent, got {agent!r}")
    if inspect.isabstract(agent):
        raise TypeError(f"{agent.__name__} must define {', '.join(sorted(agent.__abstractmethods__))}")
    return AgentSpec(agent.__name__, agent, {})
