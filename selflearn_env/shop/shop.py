"""The shop: everything that an environment needs, built from one log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from selflearn_env.archive import kind_of
from selflearn_env.core.states import StateSpace
from selflearn_env.shop import storage
from selflearn_env.shop.fitting.demand import DrawnDemand, check_contrast
from selflearn_env.shop.history import Catalogue, Fit, History, Parts, Population
from selflearn_env.shop.report import Report

if TYPE_CHECKING:
    import pandas as pd

    from selflearn_env.shop.fitting.lives import LogLives
    from selflearn_env.shop.fitting.persons import DrawnPersons
    from selflearn_env.shop.people.fit import People
    from selflearn_env.shop.people.journal import Journal
    from selflearn_env.shop.reading.tables import ArrowTable
    from selflearn_env.shop.reading.transactions import TransactionLog


@dataclass(frozen=True, eq=False, repr=False)
class Shop:
    """A shop made from a transaction log; it never changes.

    Attributes:
        catalogue: the products, P of them.
        history: what an agent may read before it starts.
        customers: what the population, those who are simulated, bought in the log; agents never see it.
        report: what became of the rows of the log.
        seed: the seed of the split and of the population's preferences.
    """

    catalogue: Catalogue
    history: History
    customers: Population
    report: Report
    seed: int
    _fits: dict[str, Fit] = field(default_factory=dict)  # by name, as far as they have been made
    _shipped: Path | None = None  # a file with others

    @classmethod
    def from_transactions(
        cls,
        source: str | Path | pd.DataFrame | ArrowTable | TransactionLog,
        *,
        columns: str | Mapping[str, str] = "auto",
        date_format: str | None = None,
        separator: str = "auto",
        decimal: str = "auto",
        price_is: str = "auto",
        history_share: float = 0.5,
        seed: int = 0,
        segments: Mapping[Any, str] | pd.Series | None = None,
        period: str = "half",
        max_products: int | None = None,
        exclude_products: str | Collection[str] = "auto",
    ) -> Shop:
        """Builds a shop.

        Args:
            source: what `load_transactions` reads, or what it gave. Parquet need not fit in memory.
            columns: as for `load_transactions`; so are the next four.
            date_format: of dates given as text.
            separator: of the cells of a CSV.
            decimal: the decimal mark of numbers given as text.
            price_is: "unit" or "total".
            history_share: share of the customers (not of the rows) whose purchases form the history, 0 < share <= 1.
                The others are simulated: nothing of theirs reaches an agent except through the environment. At 1 the
                whole log is history, and the population is fitted to that same log.
            seed: of the split of the customers, and of the draw of the simulated preferences.
            segments: None for the article's RFM segments, or customer -> label, for every customer.
            period: "half" (days 1-15 and 16-31) or "week" (of the month).
            max_products: keep only that many products, those most often bought in the history.
            exclude_products: "auto" leaves out codes that are no merchandise, `()` keeps all, otherwise the codes.

        Raises:
            FileNotFoundError: there is no such file.
            TypeError, ValueError: an option or the log cannot be used; the message says which, where and what to do.
        """
        # pandas is imported only where a log is read
        from selflearn_env.shop.building import build_shop
        from selflearn_env.shop.reading.memory import give_back
        from selflearn_env.shop.reading.options import Reading

        parts = build_shop(
            source,
            Reading(columns, date_format, separator, decimal, price_is),
            history_share=history_share,
            seed=seed,
            segments=segments,
            period=period,
            max_products=max_products,
            exclude_products=exclude_products,
        )
        give_back()
        return cls(*parts)

    def __post_init__(self) -> None:
        self.history.fitted_by(self._fit_history)

    def __repr__(self) -> str:
        return f"Shop({self.products:,} products, {self.states.size:,} states, digest {self.digest[:12]})"

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be made again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Shop:
        return self  # it never changes, and gymnasium copies the options of an environment

    @property
    def states(self) -> StateSpace:
        """The state space: segment, month, period of the month, weekday."""
        return self.history.states

    @property
    def products(self) -> int:
        """Size of the catalogue, P."""
        return len(self.catalogue)

    def demand(self, contrast: float = 1.0) -> DrawnDemand:
        """What a customer model is made from: the demand of the population, as its purchases in the log show it.

        Args:
            contrast: how much more the states differ than the log supports, > 0; 1 is what it supports.

        Raises:
            ValueError: the contrast is not positive.
        """
        contrast = check_contrast(contrast)
        if contrast == 1:
            return self._supported
        if contrast not in self._contrasted:
            self._contrasted.clear()
            self._contrasted[contrast] = DrawnDemand(self.history, self.customers, self.seed, contrast)
        return self._contrasted[contrast]

    @cached_property
    def _supported(self) -> DrawnDemand:
        """Kept, so that environments of one shop draw their world once."""
        return DrawnDemand(self.history, self.customers, self.seed, 1.0)

    @cached_property
    def _contrasted(self) -> dict[float, DrawnDemand]:
        """The last one of another contrast, kept likewise."""
        return {}

    @cached_property
    def lives(self) -> LogLives:
        """How the population comes, buys and leaves, fitted to its purchases in the log; kept likewise.

        Raises:
            ValueError: no customer bought on a second day.
        """
        from selflearn_env.shop.fitting.lives import LogLives  # scipy is imported only where lives are

        return LogLives(self.history, self.customers, self.seed)

    @cached_property
    def persons(self) -> DrawnPersons:
        """The population as persons: taste, activity, and what each bought; kept likewise.

        Raises:
            ValueError: no customer bought on a second day.
        """
        from selflearn_env.shop.fitting.persons import DrawnPersons  # likewise

        return DrawnPersons(self._journal, self.people, self.lives, self.demand().start, self.seed)

    @cached_property
    def people(self) -> People:
        """The model of persons, fitted to the population when it is first asked for; agents never see it.

        What was fitted is saved with the shop; it is derived, and no part of the digest.
        """
        return self._fitted("people", self._journal, 4)

    @property
    def history_people(self) -> People:
        """The same model fitted to the history's customers, which agents may read: they know it as `history.people`.

        Where the whole log is history, it is that of the population. Otherwise nothing of the population is in it.
        """
        return self.history.people

    def _fit_history(self) -> People:
        if self.history.baskets.same_as(self.customers):
            return self.people
        from selflearn_env.shop.people.journal import Journal

        journal = Journal.from_population(self.history.baskets, self.states).by_day()
        return self._fitted("history_people", journal, 5)

    @cached_property
    def _journal(self) -> Journal:
        """The population's visits, those of a day taken together."""
        from selflearn_env.shop.people.journal import Journal  # scipy is imported only where people are

        return Journal.from_population(self.customers, self.states).by_day()

    def _fitted(self, name: str, journal: Journal, stream: int) -> People:
        """The people of a journal: kept, shipped, or fitted now with this stream of random numbers."""
        from selflearn_env.shop.people.fit import fit_people
        from selflearn_env.shop.people.storage import put_together, take_apart

        self._read_shipped()
        if name not in self._fits:
            rng = np.random.default_rng(np.random.SeedSequence(self.seed).spawn(6)[stream])
            self._fits[name] = take_apart(fit_people(journal, rng))
        return put_together(self._fits[name], journal)  # also what was just fitted, so that a loaded shop is equal

    def with_fits(self, path: Path) -> Shop:
        """This shop with what `save_fits` wrote; when it is needed and of another shop, it is passed over."""
        return replace(self, _shipped=path)

    def save_fits(self, path: Path) -> None:
        """Writes what has been fitted so far, for `with_fits`.

        Raises:
            OSError: the file cannot be written.
        """
        storage.save_fits(path, self._fits, self.digest)

    def _read_shipped(self) -> None:
        if self._shipped is not None:
            for name, fit in storage.load_fits(self._shipped, self.digest).items():
                self._fits.setdefault(name, fit)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that the log says of the shop, as hexadecimal text: equal digests, equal shops."""
        return storage.digest(self._parts)

    def save(self, path: str | Path) -> None:
        """Writes the shop to one file, whole or not at all; the ending is up to you, `.npz` is usual.

        What has been fitted so far, `people` and `history_people`, is in it.

        Raises:
            OSError: the file cannot be written.
        """
        self._read_shipped()
        storage.save(self._parts, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Shop:
        """Reads a shop that `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is no shop, is broken, or was written by a newer version of this package.
        """
        return cls(*storage.load(Path(path)))

    @staticmethod
    def is_saved(path: str | Path) -> bool:
        """Whether there is a file that `save` wrote, by any version of this package; a broken one may be none."""
        return kind_of(Path(path)) == storage.KIND

    @property
    def _parts(self) -> Parts:
        return Parts(self.catalogue, self.history, self.customers, self.report, self.seed, self._fits)
