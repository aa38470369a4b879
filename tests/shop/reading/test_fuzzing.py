"""Random logs in random dialects, and damaged ones; tests/shop/fuzzing.py tries more of them."""

import pytest

from tests.shop.fuzzing import PROPERTIES, tried


@pytest.mark.parametrize("name", PROPERTIES)
def test_property(name):
    tried(name, 15, same=True)
