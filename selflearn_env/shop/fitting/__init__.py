"""What is fitted to a log: segments, lives, simulated customers."""
