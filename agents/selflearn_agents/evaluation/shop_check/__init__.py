"""What `selflearn check` finds out about a shop, and how it says so."""
