"""An agent as a store keeps it: cut into pieces, so that only those that have changed are written again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from selflearn_agents.agent import Agent
from selflearn_agents.storage import KIND, VERSION, put_together, take_apart

PIECE = 2**16  # bytes

Place = tuple[str, int]  # name of the array, number of the piece in it


class Piece(NamedTuple):
    """A part of an array.

    Attributes:
        digest: BLAKE2b of the content, 16 bytes.
        content: up to PIECE bytes.
    """

    digest: bytes
    content: bytes


class Image(NamedTuple):
    """An agent, or what has changed of it.

    Attributes:
        call: number of the last call of `act` or `update` that it knows of; likewise `visit`, of the last visit.
        visit: see `call`.
        heading: all that is no array, and of each array its type and shape; as JSON has it. Empty, and no pieces, for
            an agent that cannot be saved.
        pieces: by place; in changes only those that differ from the image before.
        gone: places that the image before had, and this one has not.
    """

    call: int
    visit: int
    heading: dict[str, Any]
    pieces: Mapping[Place, Piece]
    gone: Sequence[Place] = ()


def changes(agent: Agent, call: int, visit: int, before: Mapping[Place, bytes]) -> Image:
    """What an agent differs by from an image; of one that cannot be saved, only how far it has come.

    Args:
        agent: the agent.
        call: as in `Image`.
        visit: likewise.
        before: the digests of the pieces of the image; nothing for no image.
    """
    if agent.unsaved is not None:
        return Image(call, visit, {}, {})
    heading, arrays = take_apart(agent)
    heading["arrays"] = {name: [array.dtype.descr, array.shape] for name, array in arrays.items()}
    pieces: dict[Place, Piece] = {}
    gone = dict.fromkeys(before)
    for name, array in arrays.items():
        content = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        for number, at in enumerate(range(0, len(content), PIECE)):
            piece, place = content[at : at + PIECE], (name, number)
            digest = hashlib.blake2b(piece, digest_size=16).digest()
            gone.pop(place, None)
            if before.get(place) != digest:
                pieces[place] = Piece(digest, bytes(piece))
    return Image(call, visit, heading, pieces, list(gone))


def digests_after(before: Mapping[Place, bytes], image: Image) -> dict[Place, bytes]:
    """The digests of all pieces, once the changes in an image are kept."""
    after = dict(before)
    for place in image.gone:
        del after[place]
    after.update((place, piece.digest) for place, piece in image.pieces.items())
    return after


def agent_of(image: Image, where: str, known: Sequence[type[Agent]]) -> Agent:
    """The agent of a whole image.

    Raises:
        ValueError: a piece is missing or damaged, or the agent was written by another version of this package, or is of
            no known class.
    """
    heading = dict(image.heading)
    if (heading.get("format"), heading.get("version")) != (KIND, VERSION):
        raise ValueError(
            f"{where}: holds a {heading.get('format')} of format {heading.get('version')}, this version of "
            f"selflearn-env reads {VERSION}; serve it with the version that wrote it, or begin another store"
        )
    arrays = {}
    by_name: dict[str, list[tuple[int, Piece]]] = {}
    for (name, number), piece in image.pieces.items():
        by_name.setdefault(name, []).append((number, piece))
    for name, (descr, shape) in heading.pop("arrays").items():
        dtype = np.dtype([tuple(each) for each in descr] if len(descr) > 1 or descr[0][0] else descr[0][1])
        parts = [piece for _, piece in sorted(by_name.get(name, []))]
        whole = bytearray(b"".join(piece.content for piece in parts))  # to be written to
        damaged = any(hashlib.blake2b(piece.content, digest_size=16).digest() != piece.digest for piece in parts)
        if damaged or len(whole) != dtype.itemsize * int(np.prod(shape, dtype=np.int64)):
            raise ValueError(f"{where}: the agent's {name.lstrip('.')} is damaged")
        arrays[name] = np.frombuffer(whole, dtype=dtype).reshape([int(size) for size in shape])
    return put_together(heading, arrays, where, known)
