"""What `selflearn check` finds out about a shop, and how it says so."""

from selflearn_agents.evaluation.shop_check.quick import shop_verdict

__all__ = ["shop_verdict"]
