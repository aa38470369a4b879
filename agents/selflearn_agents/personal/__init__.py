"""Our best agent for a shop that knows its customers."""
