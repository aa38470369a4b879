"""The standard contextual bandit: one linear model of all products, on features of product, customer and visit."""
