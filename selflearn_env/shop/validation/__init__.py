"""Simulated customers beside the log."""
