"""The commands `selflearn NAME ...`, one module each: `add_arguments(parser)` and `run(options)`."""
