"""Simulation on arrays: customer models, rewards, simulator. Imports numpy only."""
