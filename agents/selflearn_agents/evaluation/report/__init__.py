"""The report of a comparison, as one page."""

from selflearn_agents.evaluation.report.comparison import html

__all__ = ["html"]
