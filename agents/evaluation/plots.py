"""Pictures of how agents learn."""

from __future__ import annotations

from typing import IO

import numpy as np
from matplotlib.figure import Figure

from agents.evaluation.compare import ComparisonResult


def learning_curves(result: ComparisonResult, file: IO[bytes]) -> None:
    """Writes a PNG: expected reward per slate over the visits of each agent, between the random and optimal references.

    A line is the mean over the seeds; its band reaches from the least to the greatest seed.
    """
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for agent in dict.fromkeys(run.agent for run in result.runs):
        runs = [run for run in result.runs if run.agent == agent]
        visits, curves = runs[0].visits, np.stack([run.expected_reward for run in runs])
        (line,) = axes.plot(visits, curves.mean(axis=0), label=runs[0].label)
        axes.fill_between(
            visits, curves.min(axis=0), curves.max(axis=0), color=line.get_color(), alpha=0.2, linewidth=0
        )
    for name, style in (("optimal", "--"), ("random", ":")):
        level = np.mean([getattr(run, name) for run in result.runs], axis=0)  # where customers drift, no straight line
        axes.plot(result.runs[0].visits, level, color="0.4", linestyle=style, linewidth=1, label=f"{name}, exact")
    axes.set(xlabel="customers served", ylabel="expected reward per slate", title=result.runs[0].env_id)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    figure.savefig(file, format="png", dpi=130)
