"""Recorded visits, with the probabilities of what was shown: for off-policy evaluation, and for other tools."""

from selflearn_agents.logs.mabwiser import mabwiser_arrays, mabwiser_slates
from selflearn_agents.logs.minari import read_minari, write_minari
from selflearn_agents.logs.obp import from_obp, to_obp
from selflearn_agents.logs.open_bandit import from_open_bandit, to_open_bandit
from selflearn_agents.logs.parquet import VisitWriter
from selflearn_agents.logs.record import record, record_to_parquet
from selflearn_agents.logs.stored import StoredVisits, read_store
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.logs.vowpal_wabbit import vowpal_wabbit_slates, write_vowpal_wabbit

__all__ = [
    "StoredVisits",
    "VisitLog",
    "VisitWriter",
    "from_obp",
    "from_open_bandit",
    "mabwiser_arrays",
    "mabwiser_slates",
    "read_minari",
    "read_store",
    "record",
    "record_to_parquet",
    "to_obp",
    "to_open_bandit",
    "vowpal_wabbit_slates",
    "write_minari",
    "write_vowpal_wabbit",
]
