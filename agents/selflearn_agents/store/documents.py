"""How a record lies in the collections of a database of MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pymongo import ASCENDING, DESCENDING

from selflearn_agents.store.image import Piece, Place
from selflearn_agents.store.labels import Labels
from selflearn_agents.store.record import CHANCES, PRODUCTS, RESPONSES, Response, Value, Visit

FORMAT = 1
COLLECTIONS = ("visits", "responses", "masks", "customers", "pieces", "product_values")  # beside "about"
INDEXES: dict[str, list[tuple[list[tuple[str, int]], dict[str, Any]]]] = {
    "visits": [([("customer", ASCENDING)], {"sparse": True})],
    "responses": [
        ([("visit", ASCENDING)], {}),
        ([("learned", ASCENDING)], {"sparse": True, "unique": True}),  # a visit is learned from once
    ],
    "customers": [([("number", ASCENDING)], {"unique": True})],
    "product_values": [
        ([("state", ASCENDING), ("value", DESCENDING)], {}),
        ([("state_name", ASCENDING), ("value", DESCENDING)], {}),
        ([("product_id", ASCENDING)], {}),
    ],
}


def visit_document(visit: Visit) -> dict[str, Any]:
    """A visit under its number, its slate as a list; without what it has not."""
    document = visit._asdict()
    document["_id"] = document.pop("number")
    document["slate"] = _numbers(visit.slate, PRODUCTS)
    if visit.propensity is not None:
        document["propensity"] = _numbers(visit.propensity, CHANCES)
    return {name: value for name, value in document.items() if value is not None}


def read_visit(document: Mapping[str, Any]) -> Visit:
    """A visit again."""
    propensity = document.get("propensity")
    return Visit(
        document["_id"],
        document["call"],
        document["time"],
        document["state"],
        document.get("customer"),
        _bytes(document["slate"], PRODUCTS),
        None if propensity is None else _bytes(propensity, CHANCES),
        document.get("seen"),
    )


def response_document(place: int, response: Response) -> dict[str, Any]:
    """What was told of a visit, under its place among all that was told.

    "learned" is the visit once more, where it was learned from.
    """
    document = {"_id": place, **response._asdict()}
    document["response"] = _numbers(response.response, RESPONSES)
    document["besides"] = _numbers(response.besides, PRODUCTS)
    if response.call is not None:
        document["learned"] = response.visit
    return document


def read_response(document: Mapping[str, Any]) -> Response:
    """A response again."""
    return Response(
        document["visit"],
        document["call"],
        document["time"],
        _bytes(document["response"], RESPONSES),
        document["silent"],
        _bytes(document["besides"], PRODUCTS),
    )


def piece_document(place: Place, piece: Piece) -> dict[str, Any]:
    """A piece of an agent under its place."""
    name, number = place
    return {"_id": piece_id(place), "name": name, "number": number, "digest": piece.digest, "content": piece.content}


def piece_id(place: Place) -> str:
    """The `_id` of a piece."""
    name, number = place
    return f"{name}:{number}"


def read_piece(document: Mapping[str, Any]) -> tuple[Place, Piece]:
    """A piece again, with its place."""
    return (document["name"], document["number"]), Piece(document["digest"], document["content"])


def value_document(value: Value, labels: Labels) -> dict[str, Any]:
    """A value of a product in a state of which nothing is there."""
    where, update = value_update(value, labels)
    return where | update["$set"] | update["$inc"] | update["$max"]


def value_update(value: Value, labels: Labels) -> tuple[dict[str, Any], dict[str, Any]]:
    """The filter and the update that add a value to what is there of the product in the state."""
    product = labels.product(value.product)
    plain = {"state": value.state, "state_name": labels.state(value.state), "product": value.product}
    plain |= {"product_id": product.id, "product_name": product.name, "value": value.value}
    counts = {name: getattr(value, name) for name in ("shown", "clicked", "bought")}
    update = {"$set": plain, "$inc": counts, "$max": {"changed": value.changed}}
    return {"_id": f"{value.state}:{value.product}"}, update


def read_value(document: Mapping[str, Any]) -> Value:
    """A value again."""
    return Value(**{name: document[name] for name in Value._fields})


def _numbers(content: bytes, dtype: np.dtype) -> list[Any]:
    return np.frombuffer(content, dtype=dtype).tolist()


def _bytes(numbers: list[Any], dtype: np.dtype) -> bytes:
    return np.array(numbers, dtype=dtype).tobytes()
