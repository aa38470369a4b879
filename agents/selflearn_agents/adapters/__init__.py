"""Policies of other libraries as agents."""
