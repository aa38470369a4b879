"""Makes the sample log `sales.csv`: a year of a small shop that sells tea, coffee and gifts. It is invented.

`python -m selflearn_env.datasets.sales` writes it anew, always the same bytes. Customers differ in what they like, how
often they come and how much they buy; most come back, and buy again what they bought before. Each month has its goods.
As in a real log, some lines are cancelled, some orders name no customer, and small orders pay postage.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_env.archive import write_atomically
from selflearn_env.datasets import SALES

CUSTOMERS, GUESTS = 150, 40  # those with an account; orders of others
FIRST, DAYS = date(2025, 1, 2), 363  # a Thursday; the last day is 30 December
HEADING = ("order_id", "date", "sku", "product_name", "quantity", "unit_price", "customer_id")
POSTAGE, FREE_FROM = ("POST", "Postage", 490), 1500  # cents
CANCELLED = 0.02  # share of the lines
AGAIN = 0.2  # of what a customer picks, from what it bought before
STAYS = 0.97  # probability to come again, after each order
FIRST_ORDER, FIRST_ACCOUNT = 1001, 101

# Families of goods: how much of each is sold in January to December, then names with their prices.
MONTHS = {
    "coffee": (12, 12, 11, 9, 7, 5, 4, 4, 7, 10, 10, 8),
    "tea": (14, 12, 9, 6, 4, 3, 2, 2, 6, 10, 12, 9),
    "summer": (0.3, 0.5, 1, 5, 12, 20, 24, 22, 8, 1, 0.3, 0.3),
    "sweets": (5, 8, 7, 7, 5, 4, 4, 4, 5, 6, 6, 7),
    "tools": (6, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 4),
    "gifts": (2, 7, 3, 4, 10, 4, 3, 3, 3, 4, 6, 9),
    "winter": (1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.5, 4, 22, 30),
}
GOODS = {
    "coffee": """
        House Blend 250 g 6.90; House Blend 1 kg 24.50; Espresso Roast 250 g 7.40; Espresso Roast 1 kg 26.00;
        Café Crème 500 g 13.20; Decaf 250 g 7.90; Breakfast Roast 250 g 6.50; Colombia 250 g 8.20; Brazil 250 g
        7.60; Ethiopia 250 g 8.90; Kenya 250 g 9.40; Guatemala 250 g 8.60; Sumatra 250 g 8.80; Dark Roast 500 g
        12.80; Organic Blend 500 g 14.90; Peru 250 g 8.10; Mocha Blend 250 g 7.80; Coffee Sampler 17.50; Filter
        Roast 1 kg 23.90; Monsoon Malabar 250 g 9.20
    """,
    "tea": """
        Earl Grey 100 g 5.90; English Breakfast 100 g 5.40; English Breakfast 500 g 19.90; Darjeeling 100 g
        8.50; Assam 100 g 6.20; Sencha 100 g 7.90; Jasmine Pearls 100 g 9.80; Peppermint 50 g 3.90; Camomile 50
        g 3.90; Rooibos 100 g 4.80; Rooibos Vanilla 100 g 5.20; Ginger Lemon 50 g 4.40; Fruit Tea 100 g 4.60;
        Oolong 50 g 7.20; White Peony 50 g 8.90; Lapsang 100 g 6.80; Matcha 30 g 16.90; Chai Spice 100 g 5.60;
        Yerba Maté 250 g 8.40; Green Mint 100 g 5.50; Ceylon 100 g 5.80; Lady Grey 100 g 6.10
    """,
    "summer": """
        Iced Tea Peach 4.90; Iced Tea Lemon 4.90; Cold Brew Bags 7.50; Cold Brew Bottle 14.90; Lemonade Syrup
        5.80; Elderflower Syrup 6.20; Raspberry Syrup 5.80; Glass Jug 1 l 18.50; Glass Straws 6.90; Ice Cube
        Tray 5.40; Picnic Flask 21.00; Hibiscus Tea 100 g 4.90
    """,
    "sweets": """
        Shortbread 4.20; Oat Biscuits 3.40; Almond Biscuits 4.60; Dark Chocolate 3.20; Milk Chocolate 2.90; Nut
        Chocolate 3.60; Crème Brûlée Fudge 5.40; Sea Salt Caramels 5.90; Lemon Curd 4.40; Orange Marmalade 4.20;
        Strawberry Jam 4.20; Clover Honey 5.80; Heather Honey 7.90; Rock Sugar 3.10; Cane Sugar 2.60; Ginger
        Nuts 3.30; Amaretti 4.90; Cocoa 250 g 5.60; Rhubarb Jam 4.60
    """,
    "tools": """
        Filter Papers No 2 2.40; Filter Papers No 4 2.60; Tea Filters 3.20; Descaler 5.90; Tea Strainer 7.80;
        Dripper 16.90; French Press 29.00; Moka Pot 34.50; Hand Grinder 49.00; Milk Frother 19.90; Scoop 4.50;
        Storage Tin 9.80; Tamper 18.00; Cleaning Brush 4.90; Kitchen Scales 27.50; Thermometer 11.90
    """,
    "gifts": """
        Blue Mug 9.80; White Mug 8.90; Striped Mug 9.80; Cat Mug 11.50; Espresso Cups 2 14.90; Tea Bowl 8.40;
        Glass Teapot 32.00; Iron Teapot 54.00; Teapot Cosy 15.80; Cake Stand 26.00; Linen Towel 9.50; Apron
        19.90; Wooden Tray 24.00; Candle 7.90; Gift Box Tea 22.00; Gift Box Coffee 24.00; Recipe Book 16.50;
        Birthday Card 2.90; Sugar Bowl 12.40
    """,
    "winter": """
        Christmas Tea 100 g 6.40; Christmas Coffee 250 g 8.40; Mulled Spice 3.90; Gingerbread 5.40; Stollen
        12.90; Marzipan Stars 6.20; Star Biscuits 4.80; Advent Calendar 19.90; Christmas Mug 10.50; Gift Tin
        7.20; Hot Chocolate 6.90; Cinnamon Honey 6.80
    """,
}


class Product(NamedTuple):
    """One product of the shop."""

    code: str
    name: str
    cents: int
    family: int  # position in MONTHS
    appeal: float  # within its family


class Order(NamedTuple):
    """One order, before it has a number."""

    day: int  # since FIRST
    account: str  # empty for a guest
    lines: list[tuple[int, int]]  # position of the product, quantity
    cancels: bool = False


def catalogue() -> list[Product]:
    """All products. The first of a family are asked for most."""
    products = []
    for family, (name, listed) in enumerate(GOODS.items()):
        for place, text in enumerate(" ".join(listed.split()).split("; ")):
            called, price = text.rsplit(" ", 1)
            code = f"{name[0].upper()}{name[1].upper()}{place + 1:02}"
            products.append(Product(code, called, round(100 * float(price)), family, 1 / (place + 3)))
    return products


def draw_orders(products: list[Product], rng: np.random.Generator) -> list[Order]:
    """A year of orders in the order of time. Of the generator only `random` is used: its numbers stay the same."""
    family = np.array([product.family for product in products])
    appeal = np.array([product.appeal for product in products])
    month = np.array(list(MONTHS.values()))
    orders: list[Order] = []
    for customer in range(CUSTOMERS + GUESTS):
        guest = customer >= CUSTOMERS
        account = "" if guest else str(FIRST_ACCOUNT + customer)
        taste = (-np.log1p(-rng.random(len(MONTHS)))) ** 2 + 0.05
        own = appeal * (0.5 - np.log1p(-rng.random(len(products)))) * taste[family]
        usual = 1.2 + 2.4 * rng.random() ** 2  # products of an order
        bought = np.zeros(len(products))
        for day in _days(guest, rng):
            weight = own * month[family, (FIRST + timedelta(days=day)).month - 1]
            lines = _basket(weight / weight.sum(), bought, usual, rng)
            orders.append(Order(day, account, lines))
            back = [line for line in lines if rng.random() < CANCELLED]
            if back and day + 4 < DAYS:
                orders.append(Order(_open(day + 3), account, [(at, -quantity) for at, quantity in back], cancels=True))
    return sorted(orders, key=lambda order: order.day)


def _days(guest: bool, rng: np.random.Generator) -> Iterator[int]:
    """The days on which a customer orders, at least one; more of them late in the year."""
    known = rng.random() < 0.6  # a customer already when the year begins
    day = DAYS * rng.random() * (0.15 if known else 0.9)
    wait = 20 + 75 * rng.random() ** 1.5  # days from one order to the next, about
    while day < DAYS - 1:
        yield _open(int(day))
        if guest or rng.random() > STAYS:
            return
        day += 1 - wait * np.log1p(-rng.random()) * (0.6 if day > 300 else 1.0)


def _open(day: int) -> int:
    """The shop is closed on Sundays."""
    return day + 1 if (FIRST + timedelta(days=day)).weekday() == 6 else day


def _basket(
    share: NDArray[np.float64], bought: NDArray[np.float64], usual: float, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """What is ordered, each product once; `bought` is what this customer took before, and is added to."""
    lines: dict[int, int] = {}
    for _ in range(1 + int(-usual * np.log1p(-rng.random()))):
        before = bought.sum()
        weight = (1 - AGAIN) * share + AGAIN * bought / before if before and rng.random() < 0.9 else share
        at = min(int(np.searchsorted(np.cumsum(weight), rng.random() * weight.sum())), len(share) - 1)
        lines.setdefault(at, (1, 1, 1, 1, 2, 2, 3, 4)[int(8 * rng.random())])
    for at in lines:
        bought[at] += 1
    return list(lines.items())


def as_rows(orders: list[Order], products: list[Product]) -> Iterator[tuple[str, ...]]:
    """The lines of the file, the heading first."""
    yield HEADING
    for number, order in enumerate(orders, FIRST_ORDER):
        lines = [(*products[at][:3], quantity) for at, quantity in order.lines]
        if not order.cancels and sum(cents * quantity for *_, cents, quantity in lines) < FREE_FROM:
            lines.append((*POSTAGE, 1))
        day = (FIRST + timedelta(days=order.day)).isoformat()
        for code, name, cents, quantity in lines:
            price = f"{cents // 100}.{cents % 100:02}"
            yield (f"C{number}" if order.cancels else str(number), day, code, name, str(quantity), price, order.account)


def make_sales() -> bytes:
    """The sample log, as UTF-8."""
    products = catalogue()
    orders = draw_orders(products, np.random.default_rng(2025))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(as_rows(orders, products))
    return text.getvalue().encode()


def main() -> None:
    """Writes the sample log anew."""
    with write_atomically(SALES) as file:
        file.write(make_sales())
    print(SALES)


if __name__ == "__main__":
    main()
