"""Whose something is, where several people come with one key: his or hers alone, and known by a mark."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints

EndUser = Annotated[
    str,
    StringConstraints(min_length=1, max_length=512, pattern=r"^[^\x00]*$"),
    Field(description="Your own name of one of the people who come with your key; left out: all of them."),
]


@dataclass(frozen=True)
class Whose:
    """A person who talks: who comes with the credentials, or whom of its people a key names (`end_user`)."""

    subject: str
    end_user: str = ""
