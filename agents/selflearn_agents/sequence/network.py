"""The network: from records to purchases per visit. Torch is needed here, in the training and in the learning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selflearn_agents.sequence.records import Records
from selflearn_agents.sequence.weights import Weights


class Leaving:
    """Dropout (Srivastava et al. 2014) by a generator of one's own; nothing is left out without one."""

    def __init__(self, share: float = 0.0, rng: torch.Generator | None = None):
        """Takes the share that is left out, 0..1."""
        self.share, self.rng = share, rng

    def out_of(self, values: Tensor, shape: tuple[int, ...]) -> Tensor:
        """The values, or 0 in the place of some; those of one cell of the shape go together."""
        if self.rng is None:
            return values
        kept = torch.rand(shape, generator=self.rng) >= self.share
        return values * kept / (1.0 - self.share)


def tensors(weights: Weights, learned: bool = False) -> dict[str, Tensor]:
    """The weights as tensors that share their memory, of which slopes can be taken where they are learned."""
    return {name: torch.from_numpy(array).requires_grad_(learned) for name, array in vars(weights).items()}


def slopes(loss: Tensor, parameters: Mapping[str, Tensor]) -> Weights:
    """The gradient of a loss in the parameters; 0 in those that it does not depend on."""
    found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True, materialize_grads=True)
    return Weights.of({name: slope.numpy() for name, slope in zip(parameters, found, strict=True)})


def rates(weights: Mapping[str, Tensor], incidence: Tensor, records: Records, leaving: Leaving) -> Tensor:
    """(B, P) purchases per visit of each product, as `SequenceAgent` describes them.

    Args:
        weights: as in `Weights`.
        incidence: (G, P) of the groups of states; its type is that of the result.
        records: B visits.
        leaving: what is left out of the records' items and of what is remembered of them.
    """
    row, product = torch.from_numpy(records.row), torch.from_numpy(records.product)
    known = _remembered(weights, records, product, leaving)
    out = known @ weights["taste"] + weights["taste_bias"]
    log = out[:, :-1] @ weights["embedding"].T + out[:, -1:]
    log = weights["usual"] + log * torch.from_numpy(records.length > 0)[:, None]
    beside = incidence[torch.from_numpy(records.group)] * log.exp()
    hidden = torch.from_numpy(records.item).to(known.dtype) @ weights["own_item"]
    hidden = torch.tanh(hidden + (known @ weights["own_memory"] + weights["own_bias"])[row])
    own = torch.exp(hidden @ weights["own"] + weights["again"][product])
    count, products = beside.shape
    return beside.reshape(-1).index_add(0, row * products + product, own.to(beside.dtype)).view(count, products)


def _remembered(weights: Mapping[str, Tensor], records: Records, product: Tensor, leaving: Leaving) -> Tensor:
    """(B, D + OF_RECORD) what the recurrent layer remembers of each record, and what describes it."""
    visits, rows = records.size.size, records.length.size
    width = weights["memory"].shape[1]
    described = torch.from_numpy(records.record).to(weights["memory"].dtype)
    if not visits:
        return torch.cat([described.new_zeros(rows, width), described], dim=1)
    items = leaving.out_of(weights["embedding"][product], (product.numel(), 1))
    bought = items.new_zeros(visits, width).index_add(0, torch.from_numpy(records.item_visit), items)
    bought = bought / torch.from_numpy(records.size)[:, None].sqrt()
    steps = torch.cat([bought, torch.from_numpy(records.visit).to(bought.dtype)], dim=1)
    longest = int(records.length.max())
    placed = steps.new_zeros(rows * longest, steps.shape[1]).index_copy(0, torch.from_numpy(records.place), steps)
    layer = [weights[name] for name in ("input", "memory", "input_bias", "memory_bias")]
    sequence, start = placed.view(rows, longest, -1), placed.new_zeros(1, rows, width)
    outputs = torch.gru(sequence, start, layer, True, 1, 0.0, False, False, True)[0]
    last = outputs[torch.arange(rows), torch.from_numpy(records.length).clamp(min=1) - 1]
    return torch.cat([leaving.out_of(last, (rows, width)), described], dim=1)


def predicted(weights: Weights, incidence: NDArray[np.float64], records: Records) -> NDArray[np.float64]:
    """(B, P) purchases per visit, rounded to float32.

    They are worked out as float64. What torch makes of a visit depends in its last bits on the others that it is asked
    together with, and these are rounded away.
    """
    with one_thread(), torch.inference_mode():
        exact = {name: each.double() for name, each in tensors(weights).items()}
        return rates(exact, torch.from_numpy(incidence), records, Leaving()).float().double().numpy()


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets torch work in one thread, so that sums are always made in the same order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
