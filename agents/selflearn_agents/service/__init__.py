"""An agent that serves over HTTP, and learns from what comes back."""
