"""An agent that serves: decisions and feedback over HTTP, kept in a store."""
