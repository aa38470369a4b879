"""How fast a log becomes a shop."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import gymnasium as gym
import pandas as pd

from selflearn_agents.benchmark.measuring import ENV, Row, ratios, repeated, seconds
from selflearn_env import Shop, load_transactions
from selflearn_env.datasets import ONLINE_RETAIL
from selflearn_env.scratch import scratch_folder


def shop_rows(repeats: int) -> list[Row]:
    """From a log to a shop whose simulator is made; of XLSX also the share of the reader."""
    with scratch_folder() as temporary:
        frame = pd.read_parquet(ONLINE_RETAIL)
        csv, xlsx = temporary / "online_retail.csv", temporary / "online_retail.xlsx"
        frame.to_csv(csv, index=False)
        rows = [
            Row(f"Online Retail, {name} -> shop", "s", target, repeated(repeats, partial(build, log)))
            for name, log, target in (("Parquet", ONLINE_RETAIL, "1"), ("CSV", csv, "2"))
        ]
        if write_xlsx(frame, xlsx):
            whole = repeated(1, partial(build, xlsx))
            read = repeated(1, lambda: seconds(lambda: load_transactions(xlsx)))
            rows.append(Row("Online Retail, XLSX -> shop", "s", "", whole))
            rows.append(Row("share of reading XLSX", "ratio", "", ratios(read, whole)))
    return rows


def build(log: Path) -> float:
    """Seconds from the log to the environment's simulator."""
    return seconds(lambda: gym.make(ENV, shop=Shop.from_transactions(log)).unwrapped)


def write_xlsx(frame: pd.DataFrame, path: Path) -> bool:
    """Writes the log as a spreadsheet, if something that can is installed."""
    try:
        frame.to_excel(path, index=False)
    except ModuleNotFoundError:
        return False
    return True
