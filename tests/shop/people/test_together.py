"""Places of products by what is bought together, against plain loops."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from selflearn_env.shop.people import together
from selflearn_env.shop.people.together import CAUTION, place


def plain_information(journal, products):
    """Positive pointwise mutual information of products, by the text."""
    baskets = [set(journal.product[journal.item_visit == visit].tolist()) for visit in range(journal.day.size)]
    often = [sum(product in basket for basket in baskets) for product in products]
    found = np.zeros((len(products), len(products)))
    for row, one in enumerate(products):
        for column, other in enumerate(products):
            common = sum(one in basket and other in basket for basket in baskets)
            if row != column and common:
                known = log(common * len(baskets) / (often[row] * often[column])) * common / (common + CAUTION)
                found[row, column] = max(known, 0.0)
    return found


@pytest.mark.parametrize("dense", [512, 2])
def test_places_are_the_leading_singular_vectors_of_the_information(journal, dense, monkeypatch):
    monkeypatch.setattr(together, "DENSE", dense)
    products, places = place(journal, 1, 2, np.random.default_rng(1))
    often = np.bincount(journal.product, minlength=journal.products)
    assert products.tolist() == sorted(np.flatnonzero(often).tolist(), key=lambda product: (-often[product], product))
    left, value, _ = np.linalg.svd(plain_information(journal, products.tolist()))
    expected = left[:, :2] * np.sqrt(value[:2])
    expected /= np.maximum(np.linalg.norm(expected, axis=1, keepdims=True), 1e-300)
    np.testing.assert_allclose(places @ places.T, expected @ expected.T, atol=1e-6)  # but for signs and turns


def test_rare_products_have_no_place(journal):
    often = np.bincount(journal.product, minlength=journal.products)
    least = int(np.median(often[often > 0])) + 1
    products, places = place(journal, least, 1, np.random.default_rng(1))
    assert sorted(products.tolist()) == np.flatnonzero(often >= least).tolist()
    assert len(places) == len(products)
