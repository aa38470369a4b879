"""Off-policy evaluation of slates: what another policy would have earned, by the log of one."""

from selflearn_agents.ope.behaviour import Behaviour, behaviour
from selflearn_agents.ope.diagnosis import Diagnosis, Support, diagnose
from selflearn_agents.ope.estimators import ESTIMATORS, Assumes, Estimator
from selflearn_agents.ope.intervals import bootstrap_intervals, empirical_bernstein, standard_error, t_interval
from selflearn_agents.ope.offline import Estimate, OfflineResult, evaluate_offline
from selflearn_agents.ope.reward_model import FittedRewards, RewardModel, SlotMeans

__all__ = [
    "ESTIMATORS",
    "Assumes",
    "Behaviour",
    "Diagnosis",
    "Estimate",
    "Estimator",
    "FittedRewards",
    "OfflineResult",
    "RewardModel",
    "SlotMeans",
    "Support",
    "behaviour",
    "bootstrap_intervals",
    "diagnose",
    "empirical_bernstein",
    "evaluate_offline",
    "standard_error",
    "t_interval",
]
