"""One belief per product over all states, pooled along the tiers of the state."""
