"""Customer models: the rules that turn a state and a slate into responses."""

from selflearn_env.core.customers.independent import IndependentCustomers
from selflearn_env.core.customers.model import CustomerModel
from selflearn_env.core.customers.seed import SeedCustomers

CUSTOMERS: dict[str, type[CustomerModel]] = {
    "seed": SeedCustomers,
    "independent": IndependentCustomers,
}

__all__ = ["CUSTOMERS", "CustomerModel", "IndependentCustomers", "SeedCustomers"]
