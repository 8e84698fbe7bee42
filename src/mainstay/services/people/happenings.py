"""What is told of users; none of it is personal: addresses stand as their index, or sealed."""

from typing import Literal

from mainstay.kernel.interface import Event


class InvitationWanted(Event):
    """A user was invited, and is to be sent a mail."""

    user_id: str


class ResetWanted(Event):
    """Somebody has forgotten the password of an address, of which nobody knows yet whether anyone has it."""

    email_index: str


class AddressWanted(Event):
    """A person wants another address, and is to prove that it is hers."""

    person_id: str
    sealed: str


class AddressChanged(Event):
    """A person has another address; the one before is to be told."""

    person_id: str
    sealed: str


class PasswordChanged(Event):
    """A person has another password, and is to be told."""

    person_id: str


class FactorChanged(Event):
    """Something about a person's second factor was changed, and she is to be told."""

    person_id: str
    what: Literal["added", "removed", "taken away", "recovery codes", "passkey added", "passkey removed"]


class SignedInElsewhere(Event):
    """Somebody signed in as a person from a place that is new, and she is to be told; all of it is sealed."""

    person_id: str
    at_ms: int
    address: str
    agent: str


class PersonsLeaving(Event):
    """A tenant is being erased, and has members still."""

    erasure_id: str
    tenant_id: str
    job_id: str
