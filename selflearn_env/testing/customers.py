"""Checks a customer model by all rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from selflearn_env.core.customers import CustomerModel
from selflearn_env.core.slates import check_slate_size
from selflearn_env.envs.options import Options
from selflearn_env.testing import customer_rules as rules
from selflearn_env.testing.contract import try_rule
from selflearn_env.testing.customer_rules import CustomerTrial
from selflearn_env.testing.shops import small_shop

CUSTOMER_RULES: tuple[Callable[[CustomerTrial], None], ...] = (
    rules.responds_with_0_1_or_2,
    rules.has_probabilities,
    rules.draws_nothing_and_writes_to_nothing,
    rules.answers_each_visit_by_itself,
    rules.responds_as_often_as_its_probabilities_say,
    rules.knows_random_slates,
    rules.knows_best_slates,
    rules.is_not_changed_by_its_changes,
)


def check_customer_model(
    customer: str | type[CustomerModel],
    customer_options: Mapping[str, Any] = MappingProxyType({}),
    *,
    slate_size: int = 3,
) -> None:
    """Checks that a customer model keeps the rules of all models, in a shop of 8 products; takes some seconds.

    Args:
        customer: as an environment takes it: a class, "module:Class", or the name of one of this package.
        customer_options: the model's own keyword arguments.
        slate_size: products per slate, 1 to 8.

    Raises:
        AssertionError: a rule is broken; the message says which, and what to change.
        TypeError: this is no customer model, or it has no such option.
        ValueError: there is no model of this name, or the slate does not fit the shop.
    """
    options = Options(customer=customer, customer_options=customer_options, slate_size=slate_size)
    kind, shop = options.customer_model, small_shop()
    trial = CustomerTrial(kind.__name__, kind, customer_options, shop, check_slate_size(slate_size, shop.products))
    for rule in CUSTOMER_RULES:
        try_rule(rule, trial, trial.name)
