"""Checks for your own customer models and shops: each says which rule is broken, and what to change."""

from selflearn_env.testing.customer_rules import CustomerTrial
from selflearn_env.testing.customers import CUSTOMER_RULES, check_customer_model
from selflearn_env.testing.shop import SHOP_RULES, check_shop

__all__ = ["CUSTOMER_RULES", "SHOP_RULES", "CustomerTrial", "check_customer_model", "check_shop"]
