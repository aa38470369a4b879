"""Agents that learn the value of each product in each state, or of their features."""
