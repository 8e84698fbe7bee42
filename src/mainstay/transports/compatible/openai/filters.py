"""Filters of the protocol, as conditions on the metadata of documents."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
_Scalar = Annotated[str, Field(max_length=512)] | bool | int | float
_FILTERS_MAX = 50
_VALUES_MAX = 1000


class Comparison(BaseModel):
    """Compares one attribute with a value, or with a list of values."""

    model_config = ConfigDict(extra="forbid")

    type: Operator
    key: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w-]+$")]
    value: _Scalar | Annotated[list[_Scalar], Field(min_length=1, max_length=_VALUES_MAX)]


class Compound(BaseModel):
    """Several filters, all or any of which must hold."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["and", "or"]
    filters: Annotated[list["Filters"], Field(min_length=1, max_length=_FILTERS_MAX)]


Filters = Annotated[Comparison | Compound, Field(discriminator="type")]


def compiled(filters: Comparison | Compound) -> dict[str, Any]:
    """Give the conditions that the operations of knowledge take.

    An attribute that a document has not is different from every value: `ne` and `nin` find the document.
    """
    if isinstance(filters, Compound):
        return {filters.type: [compiled(each) for each in filters.filters]}
    field, value = f"metadata.{filters.key}", filters.value
    made: Mapping[str, Any] = {
        "eq": {"in": _listed(value)},
        "ne": {"not": {"in": _listed(value)}},
        "in": {"in": _listed(value)},
        "nin": {"not": {"in": _listed(value)}},
    }
    return {field: made.get(filters.type, {filters.type: value})}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
