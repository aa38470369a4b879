"""What a file must hold: type, shape and range of each array, the kind of each plain value; checked when it is read.

Each kind of file declares this once, in a table by name. A shape is a tuple of sizes that have names, such as
("states", "products"). Where a size is known, each array must have it. Where it is not known yet, the first array that
names it sets it, and all later arrays must have the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Size = int | str  # a number, the name of one, or a sum or product of both such as "topics + 1", the name being known
Sizes = dict[str, int]
POSITIVE = float(np.finfo(np.float32).tiny)  # the least number that counts as positive
LONGEST = 2**15  # characters of a text in an array: all have room for the longest
UNPAIRED = 0xD800, 0xE000  # codes that are no characters: the first, and the one after the last
CHARACTERS = 0x110000  # all codes of characters are below it


@dataclass(frozen=True)
class Array:
    """What an array must be like.

    Attributes:
        dtype: its type, or those that it may have; for texts "U", of any length.
        shape: its sizes.
        least: no number is below it.
        most: no number is above it.
        below: for indexes, instead of `most`: the size that they must be below.
        distinct: whether all numbers along the last axis must differ.
        ascending: whether each must be greater than the one before it, along the first axis.
        gaps: whether there may be NaN.
        infinite: whether there may be infinite numbers.
        fields: of an array with named fields (a structured dtype), what each of them must be like.
    """

    dtype: DTypeLike | tuple[np.dtype, ...]
    shape: tuple[Size, ...]
    least: float = -math.inf
    most: float = math.inf
    below: Size | None = None
    distinct: bool = False
    ascending: bool = False
    gaps: bool = False
    infinite: bool = False
    fields: Mapping[str, Array] = field(default_factory=dict)

    def check_form(self, dtype: np.dtype, shape: tuple[int, ...], sizes: Sizes) -> None:
        """Checks type and shape, which are known before the array is read; adds to `sizes` those that were not known.

        Args:
            dtype: the type that was found.
            shape: the shape that was found.
            sizes: the sizes known so far, by name; changed.

        Raises:
            ValueError: type or shape is wrong.
        """
        if self.dtype == "U":
            if dtype.kind != "U" or dtype.itemsize > 4 * LONGEST:
                raise ValueError(f"holds {dtype}, not texts of at most {LONGEST:,} characters")
        elif dtype not in (allowed := self.dtype if isinstance(self.dtype, tuple) else (np.dtype(self.dtype),)):
            raise ValueError(f"holds {dtype}, not {' or '.join(map(str, allowed))}")
        if len(shape) != len(self.shape):
            raise ValueError(f"has the shape {shape}, not ({', '.join(map(str, self.shape))})")
        for found, size in zip(shape, self.shape, strict=True):
            expected = _expected(size, found, sizes)
            if found != expected:
                raise ValueError(f"has the shape {shape}, but {size} is {expected}")

    def check_content(self, array: NDArray, sizes: Sizes) -> None:
        """Checks each number or text of an array.

        Args:
            array: of the right type and shape.
            sizes: the sizes by name.

        Raises:
            ValueError: one is wrong; the message shows the first.
        """
        if not array.size:
            return
        if array.dtype.kind == "U":
            _check_texts(array)
        elif array.dtype.kind in "iuf":
            self._check_numbers(array, sizes)
        for name, what in self.fields.items():
            with about(name):
                what.check_content(array[name], sizes)
        if self.ascending and not (array[1:] > array[:-1]).all():
            raise ValueError("is not in ascending order")
        if self.distinct and _repeats(array):
            raise ValueError("has a number twice")

    def _check_numbers(self, array: NDArray, sizes: Sizes) -> None:
        size = None if self.below is None else _expected(self.below, 0, sizes)
        least, most = self.least, self.most if size is None else size - 1
        if self.gaps:
            array = array[~np.isnan(array)]
        if not array.size:
            return
        lowest, highest = array.min(), array.max()
        if not (least <= lowest and highest <= most):  # written so that NaN fails, too
            wrong = array[~((array >= least) & (array <= most))][0]
            raise ValueError("has nan, which is no number" if wrong != wrong else f"has {wrong}, not {least}..{most}")
        if not (self.infinite or (math.isfinite(lowest) and math.isfinite(highest))):
            raise ValueError("has an infinite number")


@dataclass(frozen=True)
class Plain:
    """What a plain value must be like: a truth value, a number or a text of the heading.

    Attributes:
        kind: bool, int, float or str; a whole number is a float, too.
        least: no number is below it.
        most: no number is above it.
        choices: the texts that it may be; empty for any text.
        infinite: whether it may be infinite.
        gap: whether it may be NaN.
    """

    kind: type
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[str, ...] = ()
    infinite: bool = False
    gap: bool = False

    def check(self, value: Any) -> None:
        """Checks a value.

        Raises:
            ValueError: it has another kind, or is out of range.
        """
        kinds = (int, float) if self.kind is float else self.kind
        if not isinstance(value, kinds) or (isinstance(value, bool) and self.kind is not bool):
            raise ValueError(f"is {_shortened(value)}, not a {self.kind.__name__}")
        if isinstance(value, str) and self.choices and value not in self.choices:
            raise ValueError(f"is {_shortened(value)}, not one of {', '.join(self.choices)}")
        if self.gap and value != value:
            return
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not self.least <= value <= self.most:
                raise ValueError(f"is {_shortened(value)}, not {self.least}..{self.most}")
            if math.isinf(value) and not self.infinite:
                raise ValueError("is infinite")


Declared = Mapping[str, Array | Plain]


def numbers(*shape: Size, dtype: DTypeLike | tuple[np.dtype, ...] = np.float64, **other: Any) -> Array:
    """Numbers of this shape."""
    return Array(dtype, shape, **other)


def indexes(below: Size, *shape: Size, dtype: DTypeLike = np.int64, none: bool = False, **other: Any) -> Array:
    """Indexes 0, 1, ... below a size; with `none`, also -1, which stands for no index."""
    return Array(dtype, shape, least=-1 if none else 0, below=below, **other)


def permutation(size: Size, *rows: Size, dtype: DTypeLike = np.int64) -> Array:
    """All indexes below a size, each once, in any order; with `rows`, in each row."""
    return indexes(size, *rows, size, dtype=dtype, distinct=True)


def counts(*shape: Size, dtype: DTypeLike = np.int64, **other: Any) -> Array:
    """Numbers that are 0 or more."""
    return Array(dtype, shape, least=0, **other)


def flags(*shape: Size) -> Array:
    """Truth values."""
    return Array(np.bool_, shape)


def texts(*shape: Size, **other: Any) -> Array:
    """Texts."""
    return Array("U", shape, **other)


def whole(least: float = 0, most: float = math.inf) -> Plain:
    """A whole number."""
    return Plain(int, least, most)


def real(least: float = -math.inf, most: float = math.inf, infinite: bool = False, gap: bool = False) -> Plain:
    """A number."""
    return Plain(float, least, most, infinite=infinite, gap=gap)


def flag() -> Plain:
    """A truth value."""
    return Plain(bool)


def text(*choices: str) -> Plain:
    """A text, or one of these."""
    return Plain(str, choices=choices)


def check(declared: Declared, found: Mapping[str, Any], sizes: Sizes) -> None:
    """Checks that all that is declared was found and is right: first the shapes of all arrays, then their contents.

    Args:
        declared: what must be there, by name.
        found: values and arrays by name; names that are not declared are passed over.
        sizes: the sizes known so far, by name; changed: others are added.

    Raises:
        ValueError: something is missing or wrong; the message names it.
    """
    arrays = {}
    for name, what in declared.items():
        if name not in found:
            raise ValueError(f"{name} is missing")
        value = found[name]
        with about(name):
            if isinstance(what, Plain):
                what.check(value)
            elif isinstance(value, np.ndarray):
                what.check_form(value.dtype, value.shape, sizes)
                arrays[name] = what
            else:
                raise ValueError(f"is {_shortened(value)}, not an array")
    for name, what in arrays.items():
        with about(name):
            what.check_content(found[name], sizes)


@contextmanager
def about(name: str) -> Iterator[None]:
    """Puts the name of what is checked before the message of a ValueError that the block raises."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name.lstrip('.')} {error}") from None


def check_positive(matrix: NDArray[np.float64]) -> None:
    """Checks that a matrix (N, N) is symmetric and positive definite, up to rounding.

    Raises:
        ValueError: it is not.
    """
    if not np.allclose(matrix, matrix.T, rtol=1e-6) or not (np.linalg.eigvalsh(matrix) > 0).all():
        raise ValueError("is not symmetric and positive definite")


def _expected(size: Size, found: int, sizes: Sizes) -> int:
    """What a size must be; where it is not known, the size found is kept in `sizes` and must be met from now on."""
    if isinstance(size, int):
        return size
    name, *more = size.split(" ")
    if len(more) != 2:
        return sizes.setdefault(size, found)
    sign, amount = more
    return sizes[name] * int(amount) if sign == "*" else sizes[name] + int(amount)


def _check_texts(array: NDArray) -> None:
    """Checks that texts hold characters only."""
    points = np.ascontiguousarray(array).view(np.uint32)
    if points.max() >= CHARACTERS or ((points >= UNPAIRED[0]) & (points < UNPAIRED[1])).any():
        raise ValueError("has a text with a code that is no character")


def _repeats(array: NDArray) -> bool:
    """Whether a number comes twice along the last axis."""
    ranked = np.sort(array, axis=-1)
    return bool((ranked[..., 1:] == ranked[..., :-1]).any())


def _shortened(value: Any) -> str:
    """A value as a message shows it; JSON may have any size."""
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
