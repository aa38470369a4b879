"""A statistical model of persons: what each buys, by the month, its taste, its earlier purchases and its activity."""
