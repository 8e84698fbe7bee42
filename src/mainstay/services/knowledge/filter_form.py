"""The form of filters for the API's description; `filters` compiles them and tells what is wrong with one."""

import sys
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

FIELD = r"^[\w-]+(\.[\w-]+)*$"
WORD = r"[^\W_]"  # a letter or digit, or there is nothing to look for
FIELD_LENGTH_MAX = 200
INTEGER_MAX = 2**63 - 1
PARTS_MAX = 50
_FLOAT_MAX = sys.float_info.max

_Text = Annotated[str, Field(max_length=1000)]
_Integer = Annotated[int, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]
_Number = Annotated[float, Field(ge=-_FLOAT_MAX, le=_FLOAT_MAX)]
_Name = Annotated[str, Field(min_length=1, max_length=FIELD_LENGTH_MAX, pattern=FIELD)]
_Scalar = _Text | _Integer | _Number | bool | None
_Values = Annotated[list[_Scalar], Field(min_length=1, max_length=1000)]
_Date = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40})]


def _some(schema: dict[str, Any]) -> None:
    """Say that each property may be left out, but not all of them."""
    schema.pop("required", None)
    schema["minProperties"] = 1


def _named(schema: dict[str, Any]) -> None:
    schema.pop("required", None)
    schema["propertyNames"] = {"pattern": FIELD, "minLength": 1, "maxLength": FIELD_LENGTH_MAX}
    schema["maxProperties"] = PARTS_MAX


class _Operators(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra=_some)

    contains: Annotated[str, Field(min_length=1, max_length=1000, pattern=WORD)]
    exists: bool
    in_: _Values = Field(alias="in")
    not_: "Condition" = Field(alias="not")
    any: Annotated[dict[_Name, _Scalar | _Values], Field(max_length=PARTS_MAX)]


class NumberCondition(_Operators):
    """Operators on a field; all of them must hold."""

    gte: _Number
    gt: _Number
    lte: _Number
    lt: _Number


class DateCondition(_Operators):
    """Operators on a field that holds RFC 3339 dates; all of them must hold."""

    gte: _Date
    gt: _Date
    lte: _Date
    lt: _Date


Condition = _Scalar | _Values | NumberCondition | DateCondition


class Filter(BaseModel):
    """Conditions, all of which must hold: fields of the metadata by name, and what combines them."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_named)
    __pydantic_extra__: dict[str, Condition]

    and_: list["Filter"] = Field(alias="and", min_length=1, max_length=PARTS_MAX)
    or_: list["Filter"] = Field(alias="or", min_length=1, max_length=PARTS_MAX)
    not_: "Filter" = Field(alias="not")


class FilterForm:
    """Describes a mapping as a `Filter`; what it takes stays as it is."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Give the form's schema in place of the mapping's."""
        return handler(Filter.__pydantic_core_schema__)
