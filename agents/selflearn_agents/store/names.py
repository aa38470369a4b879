"""What states and products are called, so that a store can be read without the shop."""

from __future__ import annotations

from typing import Any

from selflearn_env.shop.shop import Shop


def names_of(shop: Shop) -> dict[str, Any]:
    """The tiers with their labels, and the products with their descriptions; plain values."""
    return {
        "tiers": [[tier.name, list(tier.labels)] for tier in shop.states.tiers],
        "products": [
            list(pair) for pair in zip(shop.catalogue.ids.tolist(), shop.catalogue.descriptions.tolist(), strict=True)
        ],
    }
