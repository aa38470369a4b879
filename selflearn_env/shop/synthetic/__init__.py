"""A transaction log of any size, drawn from a shop: persons like its customers, none of whom is one of them.

Nothing of the shop's customers is used but what was fitted to all of them together: how often persons come and when
they leave, their tastes, how much they buy, what they buy again, what the shop sells on each day. Rows are in the order
of time, no day is in two parts, and equal seeds give equal rows.
"""
