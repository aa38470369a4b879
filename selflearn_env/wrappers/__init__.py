"""Views of the environments, and adapters to other tools."""
