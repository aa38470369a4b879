"""Agents that know the customers who come back."""
