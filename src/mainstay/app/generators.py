"""What an operator may set of each generator, and the list of all of them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

GeneratorName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^\w[\w.:@/-]*$"),
]


class CacheSettings(BaseModel):
    """Whether its answers are given again where a request says nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["exact", "semantic"] = "exact"
    seconds: int = Field(3_600, ge=1, le=86_400)
    similarity: float | None = Field(None, ge=0.8, le=1)


class GeneratorSettings(BaseModel):
    """One generator behind an OpenAI-compatible address; prices are for a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://\S+$")]
    model: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    key: SecretStr = SecretStr("")
    input_price: float = Field(0.0, ge=0, le=100_000)
    output_price: float = Field(0.0, ge=0, le=100_000)
    hide_personal_data: bool = False
    fallback: tuple[GeneratorName, ...] = Field((), max_length=10)
    first_piece_s: float = Field(60.0, gt=0, le=3600)
    between_pieces_s: float = Field(30.0, gt=0, le=3600)
    total_s: float = Field(600.0, gt=0, le=7200)
    tries: int = Field(3, ge=1, le=10)
    cache: CacheSettings | None = None
    at_once: int = Field(64, ge=1, le=10_000)


def unknown_fallbacks(generators: Mapping[str, GeneratorSettings]) -> list[str]:
    """Say which generators are named as somebody's fallback and are not there."""
    return sorted({name for each in generators.values() for name in each.fallback} - generators.keys())
