"""References that know the simulator."""
