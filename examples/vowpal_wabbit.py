"""Vowpal Wabbit, a contextual bandit: trained once on logged visits of random slates, with their probabilities."""

from pathlib import Path
from tempfile import TemporaryDirectory

import gymnasium as gym
from judge import judge
from selflearn_agents import make_agent
from selflearn_agents.logs import record, vowpal_wabbit_slates, write_vowpal_wabbit
from vowpalwabbit import Workspace

envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="index")
shop = envs.unwrapped.shop
log = record(make_agent("random", history=shop.history), "selflearn/Retail-v0", customers=50_000)
with TemporaryDirectory() as folder:
    path = Path(folder) / "log.vw"
    write_vowpal_wabbit(log, path, shop.states)
    model = Workspace(f"--cb_adf --no_predict -q pm -l 0.0001 -b 22 --quiet -d {path}")
slates = vowpal_wabbit_slates(model, shop.states, shop.products, slate_size=10)

judge(lambda state: slates[state], envs)
