"""The verdict of `selflearn check`, without the rest of the check."""

from __future__ import annotations

import numpy as np

from selflearn_agents.evaluation.shop_check.figures import finite, of_lists, of_states
from selflearn_agents.evaluation.shop_check.judging import judge
from selflearn_agents.evaluation.shop_check.verdict import verdict
from selflearn_env.shop.shop import Shop
from selflearn_env.shop.validation.purchases import checks


def shop_verdict(shop: Shop, slate_size: int = 10, seed: int = 0) -> str:
    """What can be gained in a shop over one list for everybody, and whether it shows: sentences for its owner.

    They are those with which the page of `selflearn check` begins, in a fraction of its time.

    Args:
        shop: the shop.
        slate_size: products per slate.
        seed: of the groups of customers and of all that is drawn.

    Raises:
        ValueError: there are too few customers and too few days to compare anything with.
    """
    states = checks(shop, np.random.default_rng(seed))
    return verdict(finite(of_states(states) | of_lists(*judge(shop, slate_size, np.random.default_rng(seed)))))
