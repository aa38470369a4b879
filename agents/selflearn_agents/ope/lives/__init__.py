"""Off-policy evaluation of lives, in which a slate has consequences for later visits."""
