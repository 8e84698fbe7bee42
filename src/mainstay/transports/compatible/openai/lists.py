"""Lists of the protocol: what a query string asks for, and how a page is told."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.fields import problems_of
from mainstay.transports.compatible.openai.asking import Asked

Model = TypeVar("Model", bound=BaseModel)
Id = Annotated[str, Field(min_length=1, max_length=500)]


class ListAsked(BaseModel):
    """What a query string asks of a list."""

    model_config = ConfigDict(extra="forbid")

    after: Id | None = None
    before: Id | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"


def from_query(model: type[Model], asked: Asked) -> Model:
    """Check the query string; raises RequestInvalid naming each parameter."""
    return from_texts(model, asked.query)


def from_texts(model: type[Model], texts: Mapping[str, Any]) -> Model:
    """Check what came as texts; raises RequestInvalid naming each parameter."""
    try:
        return model.model_validate(dict(texts))
    except ValidationError as error:
        problems = problems_of(error, texts)
        fields = ", ".join(problem["field"] for problem in problems)
        raise RequestInvalid(f"Check these parameters: {fields}.", problems=problems) from None


def page(items: Sequence[Mapping[str, Any]], *, more: bool) -> dict[str, Any]:
    """Tell a part of a list."""
    return {
        "object": "list",
        "data": list(items),
        "first_id": items[0]["id"] if items else None,
        "last_id": items[-1]["id"] if items else None,
        "has_more": more,
    }
