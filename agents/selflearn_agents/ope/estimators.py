"""The estimators by name, and what each takes for granted."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from selflearn_agents.ope.doubly_robust import cascade_dr, dm, dr
from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.importance import iips, rips, sips, sn_iips, sn_rips, sn_sips
from selflearn_agents.ope.pseudo_inverse import pi, pi_cv, sn_pi
from selflearn_agents.ope.terms import Terms


class Assumes(Enum):
    """What must hold of the customers for an estimator to be right, in words that follow "if"."""

    NOTHING = "nothing"
    ABOVE = "a response depends on nothing below its slot"
    OWN = "a response depends on its own product and slot only"
    SUM = "a slate earns the sum of what each slot adds by its product"
    MODEL = "the reward model is right"


class Estimator(NamedTuple):
    """How an estimate is made, and when it is right."""

    terms: Callable[[Evidence], Terms]
    assumes: Assumes


ESTIMATORS: dict[str, Estimator] = {
    "sips": Estimator(sips, Assumes.NOTHING),
    "sn_sips": Estimator(sn_sips, Assumes.NOTHING),
    "iips": Estimator(iips, Assumes.OWN),
    "sn_iips": Estimator(sn_iips, Assumes.OWN),
    "rips": Estimator(rips, Assumes.ABOVE),
    "sn_rips": Estimator(sn_rips, Assumes.ABOVE),
    "pi": Estimator(pi, Assumes.SUM),
    "sn_pi": Estimator(sn_pi, Assumes.SUM),
    "pi_cv": Estimator(pi_cv, Assumes.SUM),
    "dm": Estimator(dm, Assumes.MODEL),
    "dr": Estimator(dr, Assumes.NOTHING),
    "cascade_dr": Estimator(cascade_dr, Assumes.ABOVE),
}
