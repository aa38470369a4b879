"""The estimators by name, and what each takes for granted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from enum import Enum
from typing import NamedTuple

from selflearn_agents.ope.adaptive import aips
from selflearn_agents.ope.doubly_robust import cascade_dr, dm, dr, sn_cascade_dr, sn_dr
from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.importance import iips, rips, sips, sn_iips, sn_rips, sn_sips
from selflearn_agents.ope.pseudo_inverse import pi, pi_cv, sn_pi
from selflearn_agents.ope.switching import cascade_dros, dros, switch
from selflearn_agents.ope.terms import Terms


class Assumes(Enum):
    """What must hold of the customers for an estimator to be right, in words that follow "if"."""

    NOTHING = "nothing"
    ABOVE = "a response depends on nothing below its slot"
    OWN = "a response depends on its own product and slot only"
    SUM = "a slate earns the sum of what each slot adds by its product"
    MODEL = "the reward model is right"
    SHOWN = "the log shows on which slots a response depends"
    NEAR = "the reward model is near where weights are large"
    NEAR_ABOVE = f"{ABOVE}, and {NEAR}"


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
    "aips": Estimator(aips, Assumes.SHOWN),
    "pi": Estimator(pi, Assumes.SUM),
    "sn_pi": Estimator(sn_pi, Assumes.SUM),
    "pi_cv": Estimator(pi_cv, Assumes.SUM),
    "dm": Estimator(dm, Assumes.MODEL),
    "dr": Estimator(dr, Assumes.NOTHING),
    "sn_dr": Estimator(sn_dr, Assumes.NOTHING),
    "cascade_dr": Estimator(cascade_dr, Assumes.ABOVE),
    "sn_cascade_dr": Estimator(sn_cascade_dr, Assumes.ABOVE),
    "switch": Estimator(switch, Assumes.NEAR),
    "dros": Estimator(dros, Assumes.NEAR),
    "cascade_dros": Estimator(cascade_dros, Assumes.NEAR_ABOVE),
}


def chosen(names: Sequence[str] | None, known: Collection[str]) -> list[str]:
    """The names asked for, or all that are known if that is None.

    Raises:
        ValueError: one is not known, or there are none.
    """
    asked = list(known if names is None else names)
    strange = [name for name in asked if name not in known]
    if strange or not asked:
        what = f"unknown estimators {strange}" if strange else "no estimators"
        raise ValueError(f"{what}; known: {', '.join(known)}")
    return asked
