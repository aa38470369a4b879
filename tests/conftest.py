"""Shops that many tests share, each built once; a browser for the tests of pages."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from selflearn_env import Shop, datasets

# Examples follow from the test alone, so that a run can be repeated; a busy machine may be slow.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
NO_BROWSER = "no chromium"


@pytest.fixture(scope="session", autouse=True)
def temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What libraries and killed processes leave behind is put where pytest removes it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("tmp"))  # a short name, since sockets in it want short paths
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="session")
def retail_shop() -> Shop:
    """The embedded log with default options."""
    return datasets.retail_shop()


@pytest.fixture(scope="session")
def seed_shop() -> Shop:
    """The embedded log as the seed has it."""
    return datasets.seed_shop()


@pytest.fixture(scope="session")
def tiny_log() -> pd.DataFrame:
    """See `make_tiny_log`."""
    return make_tiny_log()


def make_tiny_log() -> pd.DataFrame:
    """400 invoices of 40 customers over a year: 8 products, some of them popular, some in season, some returned."""
    rng = np.random.default_rng(2024)
    times = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(365 * 24, size=400), unit="h")
    rows = []
    for invoice, time in enumerate(times):
        customer = int(rng.integers(100, 140))
        appeal = np.array([0.8, 0.6, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2])
        appeal[time.month % 8] += 0.2
        appeal[customer % 4] += 0.1
        for product in np.flatnonzero(rng.random(8) < appeal):
            quantity = int(rng.integers(1, 12))
            rows.append((str(invoice), f"P{product}", f"product {product}", quantity, time, 1.5 + product, customer))
        if rng.random() < 0.1:
            rows.append((f"C{invoice}", "P0", "product 0", -2, time, 1.5, customer))
    return pd.DataFrame(rows, columns=["invoice", "product", "description", "quantity", "time", "price", "customer"])


@pytest.fixture(scope="session")
def tiny_shop(tiny_log: pd.DataFrame) -> Shop:
    """The shop of the tiny log, with four segments given by hand."""
    return Shop.from_transactions(tiny_log, segments={customer: "ABCD"[customer % 4] for customer in range(100, 140)})


@pytest.fixture(scope="session")
def regulars_log() -> pd.DataFrame:
    """180 customers, who come back to 60 products: half of what each buys is its own, and some buy much more."""
    rng = np.random.default_rng(77)
    rows = []
    for customer in range(180):
        kind, activity = customer % 3, rng.gamma(2.0, 2.0)
        own = kind * 20 + rng.permutation(20)[:5]
        popular = np.arange(60) // 20 == kind
        weights = (0.2 + popular) / (1.0 + np.arange(60) % 20)
        for day in np.unique(rng.integers(365, size=1 + rng.geometric(0.2))):
            bought = rng.choice(60, size=1 + rng.poisson(activity), p=weights / weights.sum())
            mine = np.where(rng.random(bought.size) < 0.5, rng.choice(own, bought.size), bought)
            time = pd.Timestamp("2023-01-01 10:00") + pd.Timedelta(days=int(day))
            rows += [(f"{customer}-{day}", f"P{p:02}", f"product {p}", 1, time, 2.0, customer) for p in np.unique(mine)]
    return pd.DataFrame(rows, columns=["invoice", "product", "description", "quantity", "time", "price", "customer"])


@pytest.fixture(scope="session")
def regulars_shop(regulars_log: pd.DataFrame) -> Shop:
    """The shop of the log of regulars: its customers differ in taste, activity and in what they bought before."""
    return Shop.from_transactions(regulars_log)


@pytest.fixture(scope="module")  # while it is open, no other event loop can run in the process
def browser():
    """Chromium as this machine has it, so that playwright need not download its own.

    With SELFLEARN_BROWSER=1 it is an error that there is none: so a run that installed it tests the pages for certain.
    """
    if BROWSER is None and os.environ.get("SELFLEARN_BROWSER") == "1":
        pytest.fail("SELFLEARN_BROWSER is 1, but there is no chromium", pytrace=False)
    if BROWSER is None:
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright  # only pages need it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Says at the very end how many tests had no browser: among thousands of dots nobody sees who was skipped."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(NO_BROWSER in str(report.longrepr) for report in skipped)
    if count:
        tests = "test was" if count == 1 else "tests were"
        terminalreporter.write_sep("!", f"{count} browser {tests} skipped: {NO_BROWSER}", red=True, bold=True)
