"""Fits people to the embedded log, as they are shipped with it: `python -m selflearn_env.datasets`."""

from __future__ import annotations

from selflearn_env.datasets import FITS, ONLINE_RETAIL
from selflearn_env.shop.shop import Shop


def main() -> None:
    """Fits both sides of the default shop anew, and writes what was found."""
    shop = Shop.from_transactions(ONLINE_RETAIL)
    for people in (shop.people, shop.history_people):
        print(people.choice)
    shop.save_fits(FITS)
    print(FITS)


if __name__ == "__main__":
    main()
