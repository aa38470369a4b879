"""What a synthetic log sells: the shop's products in variants with uneven shares, or the most bought of them."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from selflearn_env.shop.history import Catalogue
from selflearn_env.shop.people.present import Shares
from selflearn_env.shop.people.rates import Rates

PRICE, SPREAD = 1.95, 1.0  # median of the products' prices, and standard deviation of their logarithms


class Goods(NamedTuple):
    """What is on sale, K goods."""

    code: pa.StringArray  # (K,)
    description: pa.StringArray  # (K,)
    price: NDArray[np.float64]  # (K,)
    product: NDArray[np.int64]  # (K,) the shop's product of which it is a variant
    share: NDArray[np.float64]  # (K,) of this product's purchases


def draw_goods(catalogue: Catalogue, usual: NDArray[np.float64], goods: int, rng: np.random.Generator) -> Goods:
    """The most bought products, or variants of all: as many of each, or one more, the k-th with a share as 1 / k.

    Args:
        catalogue: the shop's products, P of them.
        usual: (P,) share of each in what is bought.
        goods: how many there shall be, K.
        rng: draws the prices.
    """
    products = len(catalogue)
    popular = np.argsort(-usual, kind="stable")
    product, variant = popular[np.arange(goods) % products], np.arange(goods) // products
    share = 1 / (1 + variant)
    share /= np.bincount(product, weights=share)[product]
    code, description = pa.array(catalogue.ids[product]), pa.array(catalogue.descriptions[product])
    if goods > products:
        number = pa.array(variant + 1).cast(pa.string())
        code = pc.binary_join_element_wise(code, number, "-")
        description = pc.binary_join_element_wise(description, number, " NO ")
    price = np.maximum(np.round(PRICE * np.exp(SPREAD * rng.standard_normal(goods)), 2), 0.01)
    return Goods(code, description, price, product, share)


def rates_of_goods(rates: Rates, goods: Goods) -> Rates:
    """The world of these goods: a variant is bought as its product is, in its share of it."""
    product, share = goods.product, goods.share.astype(np.float32)
    own = rates.shares
    # Taken, not indexed, so that the shares of a time stand side by side, as the loops read them.
    shares = Shares(own.share.take(product, axis=1) * share, own.usual[product] * goods.share, own.row_of_day)
    moods = rates.moods
    if moods is not None:
        moods = replace(moods, categories=moods.categories.take(product, axis=1))
    return replace(rates, shares=shares, factors=rates.factors[product], moods=moods)
