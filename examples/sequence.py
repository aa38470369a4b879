"""PyTorch, a recurrent network over what each customer bought before: trained on the log, then by the responses.

Prints for 10,000 visits of the environment, the same for all, which share of the way from random to the best slates is
earned, and how many products of ten are in the real baskets of the log's customers who are held out: by the customer's
own products (`again`), by the network as it was trained on the log, by the network that goes on learning from
responses, and by the best agent of this package (`personal`).
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import gymnasium as gym
from judge import judge
from selflearn_agents import load_agent, make_agent
from selflearn_agents.evaluation import evaluate

PEOPLE = "selflearn/RetailPeople-v0"

envs = gym.make_vec(PEOPLE, 64, vectorization_mode="vector_entry_point")
world = envs.unwrapped
history = world.shop.history
first = make_agent("sequence", history=history)  # here it is trained on the history
trained = make_agent("sequence", history=history, epochs=0, step_size=0.0)  # the same network, which learns no more
trained.weights = first.weights
with TemporaryDirectory() as folder:
    first.save(Path(folder) / "sequence.npz")
    learning = load_agent(Path(folder) / "sequence.npz")

agents = {
    "again": make_agent("again", history=history),
    "sequence, trained on the log": trained,
    "sequence, learning further": learning,
    "personal": make_agent("personal", history=history),
}
print(f"{'':30}gap    real hits after it")
for name, agent in agents.items():
    result = evaluate(agent, PEOPLE, customers=10_000, batch=100, seed=1, progress=False)
    print(f"{name:30}{result.gap_between():.3f}  {result.real_hits:.2f}", flush=True)

judge(lambda _: trained.act(world.simulator.seen(world.visits)), envs, episodes=256)
