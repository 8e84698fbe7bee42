"""What we ask of a finder of personal data: where a text names, reaches or identifies somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

Kind = Literal["email", "phone", "card", "iban", "ip", "credential", "national_id", "date_of_birth"]
"""An address of mail, a telephone number, a payment card, a bank account, an address of a machine, a user
name with its password in a URL, a number that a state gave a person, a day on which somebody was born."""

AnyKind = Literal[
    "email", "phone", "card", "iban", "ip", "credential", "national_id", "date_of_birth", "person"
]
"""Those, and names of persons, which no rule finds."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class PersonalDatum:
    """Characters `start` to `end` of a text are personal data of a kind.

    `confidence` in [0, 1]: near 1 where a checksum agrees or the form is unmistakable, lower where only the
    words around tell it. `rule` names what found it, such as `card:luhn` or `national_id:es.nif`.
    """

    kind: AnyKind
    start: int
    end: int
    confidence: float
    rule: str


class PersonalData(Protocol):
    """Finds personal data."""

    def find(self, text: str, kinds: Sequence[Kind] = KINDS, region: str = "") -> list[PersonalDatum]:
        """Give what a text holds, in its order, without overlaps.

        `region` (ISO 3166-1, such as `DE`) is where telephone numbers without a country code are from; none:
        only numbers with one are found, and those that the words before them announce. It computes in
        proportion to the text's length, up to seconds for a megabyte: call it in a thread.
        """
        ...
