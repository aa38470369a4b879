"""What is measured on this machine, and how: the work of `selflearn benchmark`."""
