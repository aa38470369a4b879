"""What another policy would have earned, from what one has shown."""
