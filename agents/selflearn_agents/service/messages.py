"""What clients send and get, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Number = Annotated[int, Field(strict=True, ge=0, lt=2**53)]
Regret = Annotated[float, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]
ResponseName = Literal["ignored", "clicked", "bought"]
Item = TypeVar("Item")
Several = Annotated[list[Item], Field(fail_fast=True)]  # one reason is enough, and half a million take seconds


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VisitRequest(_Message):
    """A customer who is about to be shown a slate."""

    state: Text | Number | dict[Text, Text] | None = Field(
        None,
        description="its label, its index, or the label of each tier; not needed for a customer whom the shop knows",
        examples=["Q4_November_1_Thursday"],
    )
    customer: Text | Number | None = Field(None, description="what you call the customer, or its number in the shop")
    time: datetime | None = Field(
        None, description="when the customer comes, ISO 8601 or seconds since 1970; now by default"
    )
    eligible: Several[Text] | None = Field(None, description="ids of the products that may be shown; all by default")
    exclude: Several[Text] | None = Field(None, description="ids of products that may not be shown")
    slots: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        None, description="how many products are shown; the agent's slate size by default, which is the most"
    )


class DecideRequest(VisitRequest):
    """A visit, or several at once."""

    visits: Several[VisitRequest] | None = Field(
        None, description="several visits, decided together; then nothing else"
    )


class Product(_Message):
    """A product that is to be shown."""

    id: str
    name: str
    propensity: float | None = Field(description="probability that this slot shows it, given the slots above it")


class Decision(_Message):
    """What is to be shown, in slate order."""

    decision: str = Field(description="to be given back with the feedback")
    state: str
    products: list[Product]


class Decisions(_Message):
    """What is to be shown to each of several."""

    decisions: list[Decision]


class FeedbackItem(_Message):
    """What became of a decision."""

    decision: Text
    responses: Several[ResponseName | None] = Field(description="one per product shown; null where it is not known yet")
    besides: Several[Text] = Field([], description="ids of what the customer bought besides the slate")
    regret: Regret | None = Field(
        None, description="what a simulation knows; shown on the page, never given to the agent"
    )


class FeedbackRequest(_Message):
    """What became of a decision, or of several."""

    decision: Text | None = None
    responses: Several[ResponseName | None] | None = None
    besides: Several[Text] = []
    regret: Regret | None = None
    feedback: Several[FeedbackItem] | None = Field(None, description="several; then nothing else")


class Receipt(_Message):
    """What was done with feedback."""

    decision: str
    status: Literal["learned", "open", "known", "refused"] = Field(
        description="learned from; open, as some slots are not known yet; known already; refused (only in a batch)"
    )
    code: int | None = Field(None, description="where it is refused, the status that it would have got by itself")
    detail: str | None = Field(None, description="where it is refused, why")


class Receipts(_Message):
    """What was done with each feedback."""

    feedback: list[Receipt]


class Refusal(_Message):
    """Why a request was refused, or what has failed."""

    detail: str
