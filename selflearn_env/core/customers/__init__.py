"""Customer models: the rules that turn a state and a slate into responses."""

from selflearn_env.core.customers.cascade import CascadeCustomers
from selflearn_env.core.customers.independent import IndependentCustomers
from selflearn_env.core.customers.logit import LogitCustomers
from selflearn_env.core.customers.model import CustomerModel, Demand
from selflearn_env.core.customers.position import PositionCustomers
from selflearn_env.core.customers.preference import PreferenceCustomers, response_probabilities
from selflearn_env.core.customers.seed import SeedCustomers
from selflearn_env.core.ranking import top

CUSTOMERS: dict[str, type[CustomerModel]] = {
    "seed": SeedCustomers,
    "independent": IndependentCustomers,
    "position": PositionCustomers,
    "cascade": CascadeCustomers,
    "logit": LogitCustomers,
}

__all__ = [
    "CUSTOMERS",
    "CascadeCustomers",
    "CustomerModel",
    "Demand",
    "IndependentCustomers",
    "LogitCustomers",
    "PositionCustomers",
    "PreferenceCustomers",
    "SeedCustomers",
    "response_probabilities",
    "top",
]
