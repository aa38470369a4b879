"""A small recurrent network that reads a customer's record: the deep baseline."""
