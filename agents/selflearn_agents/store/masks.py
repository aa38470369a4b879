"""What might be shown, as a store keeps it."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import ArrayLike, NDArray


def packed(eligible: ArrayLike) -> bytes:
    """A mask (P,) or (B, P) as few bytes."""
    return zlib.compress(np.packbits(np.asarray(eligible), axis=-1).tobytes(), 1)


def unpacked(content: bytes, batch: int, products: int) -> NDArray[np.bool_]:
    """The mask (P,) or (B, P) again; of so many visits and products."""
    width = -(-products // 8)
    bits = np.frombuffer(zlib.decompress(content), dtype=np.uint8).reshape(-1, width)
    mask = np.unpackbits(bits, axis=-1, count=products).astype(bool)
    return mask if len(mask) == batch else mask[0]
