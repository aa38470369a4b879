"""MABWiser, LinGreedy: trained once on logged visits of random slates."""

import gymnasium as gym
from judge import judge
from mabwiser.mab import MAB, LearningPolicy
from selflearn_agents import make_agent
from selflearn_agents.logs import mabwiser_arrays, mabwiser_slates, record

envs = gym.make_vec("selflearn/Retail-v0", 64, vectorization_mode="vector_entry_point", observation="index")
shop = envs.unwrapped.shop
log = record(make_agent("random", history=shop.history), "selflearn/Retail-v0", customers=50_000)
model = MAB(list(range(shop.products)), LearningPolicy.LinGreedy(epsilon=0, l2_lambda=100))
model.fit(*mabwiser_arrays(log, shop.states))
slates = mabwiser_slates(model, shop.states, slate_size=10)

judge(lambda state: slates[state], envs)
