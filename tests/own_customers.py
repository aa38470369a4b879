"""A customer model of a user's own: the least that one may be."""

from __future__ import annotations

import numpy as np

from selflearn_env.core.customers import CustomerModel


class TopCustomers(CustomerModel):
    """A user's own: a customer buys what stands on top with a chance, and sees nothing else."""

    def __init__(self, slate_size, *, chance=0.25):
        self.slate_size, self.chance = slate_size, chance

    @classmethod
    def for_shop(cls, shop, slate_size, **options):  # noqa: ARG003
        return cls(slate_size, **options)

    @property
    def uniforms(self):
        return 1

    def respond(self, states, slates, repeated, uniforms):
        response = np.zeros(slates.shape, dtype=np.int8)
        response[:, 0] = np.where(uniforms[:, 0] < self.chance, 2, 0)
        return response

    def response_probability(self, states, slates, repeated):
        return self.random_response_probability(states)

    def random_response_probability(self, states):
        probability = np.zeros((len(states), self.slate_size, 3))
        probability[..., 0] = 1.0
        probability[:, 0] = 1.0 - self.chance, 0.0, self.chance
        return probability

    def optimal_slate(self, states, rewards):
        return np.tile(np.arange(self.slate_size), (len(states), 1))
