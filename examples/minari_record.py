"""Minari: customers' lives under random slates are recorded, read back, and learned from with their probabilities."""

import os
from tempfile import TemporaryDirectory

import gymnasium as gym
import minari
import numpy as np
from judge import judge
from selflearn_agents import make_agent
from selflearn_agents.logs import read_minari, record, write_minari

envs = gym.make_vec("selflearn/RetailJourney-v0", 64, vectorization_mode="vector_entry_point", observation="index")
shop = envs.unwrapped.shop
log = record(make_agent("random", history=shop.history), "selflearn/RetailJourney-v0", customers=2_000)
with TemporaryDirectory() as folder:
    os.environ["MINARI_DATASETS_PATH"] = folder
    write_minari(log, "shop/random-v0")
    log = read_minari(minari.load_dataset("shop/random-v0"))
products, weights = log.slate.ravel(), 1 / log.propensity.ravel()
earned = np.bincount(products, weights * log.item_reward.ravel(), shop.products)
slate = np.argsort(-earned / np.bincount(products, weights, shop.products))[:10]

judge(lambda state: np.tile(slate, (len(state), 1)), envs, episodes=4_000)
