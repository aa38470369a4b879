"""A page for each registered environment, made from the environment itself."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import load_env_creator
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generate.docstrings import entries, first_line, prose, shown, table
from generate.examples import run
from selflearn_env import Drift, Shop, Stock
from selflearn_env.core.customers import CUSTOMERS
from selflearn_env.core.simulator import Simulator
from selflearn_env.envs import SlateEnv, SlateVectorEnv
from selflearn_env.envs.observations import Observation
from selflearn_env.envs.worlds import World

NUM_ENVS = 3
WHAT = {  # what an id is for, and its versions; a new id must be described here
    "selflearn/Seed-v0": {
        "about": "The world of the article: how many products a customer buys and clicks is drawn first, whatever is "
        "shown. Every slate of distinct products has the same expected reward, so no agent can beat another. "
        "What an agent seems to learn here is noise.",
        "visits": "each state as often as any other",
        "versions": {"v0": "the first version"},
    },
    "selflearn/Retail-v0": {
        "about": "Each visit stands alone, and customers of one state have the same preferences: those of the log's "
        "customers who are held out of the history. Start here.",
        "visits": "each state as often as in the log",
        "versions": {"v0": "the first version"},
    },
    "selflearn/RetailJourney-v0": {
        "about": "The customers of `Retail-v0` over their lives: they come back sooner or later, buy again, tire of "
        "what they have seen, are bored by slates that repeat what they ignored, and leave. What is shown today "
        "changes the visits to come. {doc}`../journey` explains it.",
        "visits": "a customer begins, comes back, and leaves, as fitted to the log",
        "versions": {"v0": "the first version"},
    },
    "selflearn/RetailPeople-v0": {
        "about": "Customers who are persons: each has a taste, a usual size of basket and a record of what it bought, "
        "so that two customers in the same state want different products. Of the four this one is closest to the log. "
        "{doc}`../people` explains it.",
        "visits": "a customer comes, comes back, and leaves, as fitted to the log",
        "versions": {"v0": "the first version"},
    },
}
MODES = {
    "tiers": "the state of the visit: segment, month, half of the month, weekday",
    "index": "the same as one number, `shop.states.encode(tiers)`",
    "onehot": "the same as a vector of zeros and ones, one per value of each tier",
    "state": "the same as `onehot`, so nothing about the person",
    "journey": "the state, and what a shop knows of this customer",
    "record": "the state, and what a shop knows of this person",
    "person": "the same, and what is hidden of the person: **privileged**, no shop can have it",
}
INFO = {
    "state": "index of the state that was observed",
    "response": "to each slot: 0 ignored, 1 clicked, 2 bought",
    "item_reward": "reward of each slot",
    "duplicates": "slots that repeat a product; they count as ignored",
    "unavailable": "slots that show what may not be shown; they count as ignored. Only with `stock`, or with a `drift` "
    "in which products appear or vanish",
    "customer": "index of the customer, among those who are simulated",
    "days_since": "days since this customer's last visit",
    "final_obs": "the last observation of each row whose episode has ended, `None` in the others; only in such steps",
    "_final_obs": "the rows whose episode has ended; only in such steps",
}
MEMBERS = (
    "expected_reward",
    "optimal_slate",
    "random_reward",
    "response_probability",
    "seen",
    "branch",
)
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
)


def ids() -> list[str]:
    """The registered ids of this package."""
    return [name for name, spec in gym.registry.items() if spec.namespace == "selflearn"]


def pages() -> dict[str, str]:
    """The page of each id."""
    return {f"environments/{file_name(name)}.md": page(name) for name in ids()}


def file_name(name: str) -> str:
    """The name of the page of an id."""
    return name.split("/")[1]


def world_of(name: str) -> World:
    """What is registered under an id."""
    return load_env_creator(gym.spec(name).entry_point).__self__


def page(name: str) -> str:
    """The page of an id.

    Raises:
        KeyError: the id, an observation mode or a key of `info` is not described above.
    """
    world = world_of(name)
    env = gym.make(name)
    views = views_of(world, env.unwrapped.shop)
    lasting = env.unwrapped.simulator.lasting
    single, vector = (TEMPLATES.get_template(f"{face}.py.jinja").render(id=name) for face in ("single", "vector"))
    names, single_text = run(single)
    _, vector_text = run(vector, names)
    return TEMPLATES.get_template("environment.md.jinja").render(
        id=name,
        what=WHAT[name],
        lasting=lasting,
        noise=world.options.rewards.noise,
        action_space=space_text(env.action_space),
        observation_space=space_text(env.observation_space),
        products=env.unwrapped.shop.products,
        slate_size=env.unwrapped.simulator.slate_size,
        customer=world.options.customer,
        single=single,
        single_text=single_text,
        vector=vector,
        vector_text=vector_text,
        observations=observation_table(views),
        vectors=[(mode, prose(type(view))) for mode, view in views.items() if not hasattr(view, "by_state")],
        options=option_table(world),
        parts=[(kind.__name__, option, fields_table(value)) for option, kind, value in parts(world)],
        customers=customer_table(),
        faces=face_table(),
        info=info_table(name, lasting),
        simulator=simulator_table(),
        versions=table(["version", "what"], WHAT[name]["versions"].items()),
    )


def space_text(space: gym.Space) -> str:
    """A space as one would write it, without long arrays."""
    if isinstance(space, gym.spaces.MultiDiscrete):
        sizes = space.nvec.tolist()
        same = len(set(sizes)) == 1
        return f"MultiDiscrete([{sizes[0]}] * {len(sizes)})" if same else f"MultiDiscrete({sizes})"
    if isinstance(space, gym.spaces.Box):
        low, high = np.unique(space.low), np.unique(space.high)
        bounds = f"{low[0]:g}..{high[0]:g}, " if low.size == high.size == 1 else ""
        return f"Box({bounds}{space.shape}, {space.dtype})"
    return repr(space)


def views_of(world: World, shop: Shop) -> dict[str, Observation]:
    """How visits are observed in each mode."""
    modes = world.options.observations
    return {mode: world.options.changed((), observation=mode).view(shop) for mode in modes}


def observation_table(views: dict[str, Observation]) -> str:
    """The observation space of each mode."""
    rows = [[f'`"{mode}"`', f"`{space_text(view.space)}`", MODES[mode]] for mode, view in views.items()]
    return table(["`observation=`", "space", "what is seen"], rows)


def meanings(options: Any) -> dict[str, str]:
    """What each option means, by the docstrings of its class and of those that it extends."""
    found: dict[str, str] = {}
    for kind in reversed(type(options).__mro__):
        found |= entries(kind, "Attributes")
    return found | {"observation": "how a visit is observed: [one of these](#what-is-observed)"}


def option_table(world: World) -> str:
    """Every option of an id with its default and meaning."""
    meaning = meanings(world.options)
    rows = []
    for option in fields(world.options):
        value = getattr(world.options, option.name)
        default = f"`{type(value).__name__}(...)`, see below" if is_dataclass(value) else shown(value)
        rows.append([f"`{option.name}`", default, meaning[option.name]])
    return table(["option", "default", "meaning"], rows)


def parts(world: World) -> list[tuple[str, type, Any]]:
    """The options that have fields of their own: name, class, and the value by default or where it is just made."""
    found = []
    for option in fields(world.options):
        value = getattr(world.options, option.name)
        value = {"drift": Drift(), "stock": Stock()}.get(option.name, value)
        if is_dataclass(value):
            found.append((option.name, type(value), value))
    return found


def fields_table(value: Any) -> str:
    """Every field of an option, with its default and meaning."""
    meaning = entries(type(value), "Attributes")
    return table(
        ["field", "default", "meaning"],
        [[f"`{field.name}`", shown(getattr(value, field.name)), meaning[field.name]] for field in fields(value)],
    )


def customer_table() -> str:
    """The customer models with their options."""
    rows = []
    for name, kind in CUSTOMERS.items():
        own = inspect.signature(kind).parameters.values()
        meaning = entries(kind.__init__, "Args")
        said = [
            f"`{one.name}={one.default!r}`: {meaning.get(one.name, '')}" for one in own if one.kind is one.KEYWORD_ONLY
        ]
        rows.append([f'`"{name}"`', first_line(kind), "; ".join(said)])
    return table(["`customer=`", "what it does", "`customer_options`"], rows)


def face_table() -> str:
    """What a face itself takes."""
    takes = {"gym.make": (World.env, SlateEnv), "gym.make_vec": (World.vector_env, SlateVectorEnv)}
    rows = []
    for maker, (method, face) in takes.items():
        meaning = entries(face.__init__, "Args")
        for one in inspect.signature(method).parameters.values():
            if one.name not in ("self", "options"):
                default = getattr(one.default, "name", one.default)
                rows.append([f"`{one.name}`", f"`{maker}`", shown(default), meaning[one.name]])
    return table(["argument", "of", "default", "meaning"], rows)


def info_table(name: str, lasting: bool) -> str:
    """The keys of `info` in both faces, as they come."""
    env = gym.make(name, stock={})
    envs = gym.make_vec(name, NUM_ENVS, vectorization_mode="vector_entry_point", stock={})
    _, one = env.reset(seed=0)
    _, many = envs.reset(seed=0)
    envs.action_space.seed(0)
    while lasting and "final_obs" not in many:
        *_, many = envs.step(envs.action_space.sample())
    rows = [[f"`{key}`", kind(one[key]) if key in one else "", kind(many[key]), INFO[key]] for key in many]
    return table(["key", "single", "vector", "meaning"], rows)


def kind(value: Any) -> str:
    """Shape and type of what `info` holds, in the letters of the documentation."""
    if not isinstance(value, np.ndarray):
        return type(value).__name__
    letters = {NUM_ENVS: "B"}
    shape = ", ".join(letters.get(size, "n") for size in value.shape)
    return f"({shape}{',' if value.ndim == 1 else ''}) {value.dtype}"


def simulator_table() -> str:
    """What the simulator is asked for."""
    rows = [
        [f"{{py:meth}}`{name} <selflearn_env.core.simulator.Simulator.{name}>`", first_line(getattr(Simulator, name))]
        for name in MEMBERS
    ]
    return table(["method", "what it gives"], rows)
