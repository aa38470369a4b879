"""Postage and the like are no products; whatever merely sounds like them is one."""

import pandas as pd
import pytest

from selflearn_env.shop.merchandise import excluded_products

# Of the embedded log, among the rows that have a customer.
NO_MERCHANDISE = {"POST", "D", "M", "C2", "DOT", "BANK CHARGES", "CRUK", "23444", "23574"}


def left_out(code, description):
    ids = pd.Index([code], dtype="str")
    return bool(excluded_products(ids, pd.Series([description], index=ids, dtype="str"), "auto"))


@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("POST", "POSTAGE"),
        ("DOT", "DOTCOM POSTAGE"),
        ("C2", "CARRIAGE"),
        ("23444", "Next Day Carriage"),
        ("23574", "PACKING CHARGE"),
        ("D", "Discount"),
        ("M", "Manual"),
        ("m", "Manual"),
        ("S", "SAMPLES"),
        ("B", "Adjust bad debt"),
        ("ADJUST", "Adjustment by Peter on 24/05/2010 1"),
        ("AMAZONFEE", "AMAZON FEE"),
        ("BANK CHARGES", "Bank Charges"),
        ("bank charges", None),
        ("CRUK", "CRUK Commission"),
        ("gift_0001_20", "Dotcomgiftshop Gift Voucher £20.00"),
        ("TEST001", "This is a test product."),
    ],
)
def test_no_merchandise(code, description):
    assert left_out(code, description)


@pytest.mark.parametrize(
    "description",
    [
        *(
            "POSTAGE STAMP HOLDER",
            "VINTAGE POST OFFICE CABINET",
            "SET OF 12 VINTAGE POSTCARD SET",
            "POSTE FRANCE CUSHION",
        ),
        *("COFFEE MUG", "BLACK TEA,COFFEE,SUGAR JARS", "TOFFEE CUP", "FREIGHT TRAIN", "SHIPPING CRATE SHELF"),
        *("FRENCH CARRIAGE LANTERN", "BLACK BAROQUE CARRIAGE CLOCK", "DELIVERY VAN MONEY BOX"),
        *("ADJUSTABLE LAMP", "MANUAL COFFEE GRINDER", "EMBROIDERY SAMPLER", "DISCOUNT SHOP GAME"),
        *("ZINC HEART LATTICE CHARGER LARGE", "GIFT VOUCHER HOLDER", "PADS TO MATCH ALL CUSHIONS"),
        None,
    ],
)
def test_merchandise(description):
    assert not left_out("12345", description)


def test_embedded_log_is_left_without_postage_and_charges(retail_shop, seed_shop):
    assert NO_MERCHANDISE - set(seed_shop.catalogue.ids.tolist()) == set()
    assert NO_MERCHANDISE & set(retail_shop.catalogue.ids.tolist()) == set()


def test_embedded_log_loses_no_product(retail_shop, seed_shop):
    lost = set(seed_shop.catalogue.ids.tolist()) - set(retail_shop.catalogue.ids.tolist())
    assert lost - NO_MERCHANDISE == set()


def test_own_list():
    ids = pd.Index(["A", "B", "POST"], dtype="str")
    nothing = pd.Series([], dtype="str")
    assert excluded_products(ids, nothing, ["A"]) == {"A"}
    assert excluded_products(ids, nothing, ()) == set()


def test_own_list_names_an_unknown_code():
    with pytest.raises(ValueError, match="exclude_products names 'C', which does not occur"):
        excluded_products(pd.Index(["A"], dtype="str"), pd.Series([], dtype="str"), {"C"})


def test_own_list_given_as_one_text():
    with pytest.raises(TypeError, match="a collection of codes, got 'POST'"):
        excluded_products(pd.Index(["POST"], dtype="str"), pd.Series([], dtype="str"), "POST")
