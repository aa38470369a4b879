"""A customer's life: visit after visit, each of which leaves its traces."""
