"""An open benchmark: agents x environments x logs x seeds, a table that others can join and compute again."""
