"""Logged visits as a data set of Minari (Farama Foundation), and back."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import gymnasium as gym
import numpy as np

from selflearn_agents.logs.visit_log import VisitLog
from selflearn_env.plugins import missing_extra
from selflearn_env.version import __version__

SEED = "environment_seed"  # of the data set's metadata
OF_SLATES = ("response", "item_reward", "propensity", "marginal")  # infos, beside the state


def write_minari(log: VisitLog, dataset_id: str) -> Any:
    """Writes a log as a new data set in Minari's storage, the folder MINARI_DATASETS_PATH or ~/.minari/datasets.

    Episodes are the environment's. Their `infos`, for T visits: the environment's `state` (T + 1,), `response` and
    `item_reward` (T + 1, n), and, where the log has them, `propensity` and `marginal` (T + 1, n). As in Minari's own
    recordings the first row belongs to the reset, before anything was shown (zeros, and nan for probabilities), and
    row t + 1 to action t.

    Minari's default format keeps every array of an episode as an HDF5 data set of its own: an episode takes about
    27 KB, 3 ms to write and 2 ms to read, also where it is a single visit.

    Args:
        log: the visits.
        dataset_id: namespace/name-v0; namespaces that do not exist are made.

    Returns:
        The `minari.MinariDataset`; `recover_environment()` makes the environment with the same options.

    Raises:
        ImportError: Minari is not installed.
        ValueError: the id is malformed or taken, or the options of the environment cannot be kept as JSON.
    """
    library = _library()
    _check_id(dataset_id)
    buffer = importlib.import_module("minari.data_collector").EpisodeBuffer
    env = gym.make(log.env_id, **log.env_options)
    _check_spec(env)
    with warnings.catch_warnings():  # who publishes the data set says whose it is
        warnings.filterwarnings("ignore", message="`(author|author_email|code_permalink)` is set to None")
        dataset = library.create_dataset_from_buffers(
            dataset_id,
            [buffer(**_episode(log, number)) for number in range(len(log.last_state))],
            env=env,
            eval_env=env,
            algorithm_name=log.agent,
            description=f"{len(log)} visits of {log.env_id}, seed {log.seed}, served by {log.agent}",
            requirements=[f"selflearn-env>={__version__}"],
        )
    dataset.storage.update_metadata({SEED: log.seed})
    env.close()
    return dataset


def read_minari(dataset: Any) -> VisitLog:
    """The log of a `minari.MinariDataset` that `write_minari` wrote, or of some of its episodes.

    Options of the environment come back as JSON has them: `Rewards`, for example, as a mapping with its fields.

    Raises:
        ValueError: the data set was not written by `write_minari`, is combined from several, or has no episodes.
    """
    episodes = list(dataset.iterate_episodes())
    _check_origin(dataset, episodes)
    metadata, spec = dataset.storage.metadata, dataset.env_spec
    visits: dict[str, list[Any]] = {
        "observation": [each.observations[:-1] for each in episodes],
        "state": [each.infos["state"][:-1] for each in episodes],
        "slate": [each.actions for each in episodes],
        **{name: [each.infos[name][1:] for each in episodes] for name in OF_SLATES if name in episodes[0].infos},
        "terminated": [each.terminations for each in episodes],
        "truncated": [each.truncations for each in episodes],
    }
    arrays: dict[str, Any] = {name: np.concatenate(parts) for name, parts in visits.items()}
    return VisitLog(
        agent=metadata["algorithm_name"],
        env_id=spec.id,
        seed=metadata[SEED],
        propensity=arrays.pop("propensity", None),
        last_observation=np.array([each.observations[-1] for each in episodes]),
        last_state=np.array([each.infos["state"][-1] for each in episodes]),
        env_options=spec.kwargs,
        **arrays,
    )


def _library() -> Any:
    try:
        return importlib.import_module("minari")
    except ImportError:
        raise missing_extra("data sets of Minari need it", "minari") from None


def _check_id(dataset_id: str) -> None:
    """Sees that Minari takes the id; it finds out itself only after it has made the folders."""
    try:
        importlib.import_module("minari.dataset.minari_dataset").parse_dataset_id(dataset_id)
    except (TypeError, ValueError):
        raise ValueError(f"dataset_id is like 'shop/random-v0', with a version, got {dataset_id!r}") from None


def _check_spec(env: gym.Env) -> None:
    """Sees that the environment can be recovered from the data set."""
    assert env.spec is not None
    try:
        env.spec.to_json()
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the options of {env.spec.id} cannot be kept in a data set, {error}; give names and paths as text: save a "
            f"shop with `shop.save(path)` and record with shop=path"
        ) from None


def _check_origin(dataset: Any, episodes: list[Any]) -> None:
    """Sees that the episodes are those of a log."""
    if not episodes:
        raise ValueError(f"data set {dataset.id!r} has no episodes")
    metadata = dataset.storage.metadata
    lacks = [key for key in ("env_spec", "algorithm_name", SEED) if key not in metadata]
    lacks += [
        f"infos {name!r}"
        for name in ("state", "response", "item_reward")
        if any(name not in (each.infos or {}) for each in episodes)
    ]
    if lacks:
        raise ValueError(
            f"data set {dataset.id!r} was not written by write_minari, or is combined from several: it lacks "
            f"{', '.join(lacks)}"
        )


def _episode(log: VisitLog, number: int) -> dict[str, Any]:
    """The arguments of `EpisodeBuffer`."""
    begin, end = log.first[number : number + 2]
    rows = slice(begin, end)
    infos = {"state": np.append(log.state[rows], log.last_state[number])}
    for name in OF_SLATES:
        values = getattr(log, name)
        if values is not None:
            before = np.full_like(values[:1], np.nan if name in ("propensity", "marginal") else 0)
            infos[name] = np.concatenate([before, values[rows]])
    return {
        "seed": log.seed if number == 0 else None,  # the environment is not seeded again
        "observations": np.concatenate([log.observation[rows], log.last_observation[number : number + 1]]),
        "actions": log.slate[rows],
        "rewards": log.reward[rows],
        "terminations": log.terminated[rows],
        "truncations": log.truncated[rows],
        "infos": infos,
    }
