"""What goes into the operations on second factors, with its limits, and what comes out."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StringConstraints

from mainstay.kernel.interface import Record

FactorCode = Annotated[
    str,
    StringConstraints(min_length=6, max_length=20, pattern=r"^[0-9A-Za-z -]+$"),
    Field(
        description="The six digits that your authenticator app shows, or a recovery code; each works once."
    ),
]
PendingToken = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[\w-]+$"),
    Field(description="The `pending_token` of the answer or of the failure SecondFactorNeeded."),
]
Demand = Literal["optional", "required"]
PasskeyId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
PasskeyName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="What you call the device that has it."),
]
PasskeyAnswer = Annotated[
    dict[Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z]+$")], JsonValue],
    Field(
        max_length=16,
        description="The browser's PublicKeyCredential as JSON (its `toJSON()`), at most 32,768 characters.",
    ),
]


class AppBegun(Record):
    """What an authenticator app needs; it is shown this once."""

    secret: str = Field(description="Typed into the app where it cannot take the address.")
    uri: str = Field(description="The `otpauth://` address, which apps read from a QR code.")


class RecoveryCodes(Record):
    """Recovery codes, shown this once; each replaces one code of the app."""

    recovery_codes: list[str]


class Factor(Record):
    """One of your second factors."""

    kind: Literal["totp", "passkey"]
    created_ms: int
    recovery_codes_left: int = Field(description="Of all factors together: each replaces one code.")


class FactorsRemoved(Record):
    """Whether there was a second factor to remove."""

    removed: bool


class Passkey(Record):
    """One of your passkeys; its private key never leaves your devices."""

    passkey_id: str
    name: str
    created_ms: int
    last_used_ms: int | None
    synced: bool = Field(description="Whether it is copied among your devices, by the device's word.")


class PasskeyAsked(Record):
    """A challenge for a browser; `pending_token` goes back with what the browser answers."""

    pending_token: str
    options: dict[str, Any] = Field(
        description="PublicKeyCredentialCreationOptions or …RequestOptions as JSON (WebAuthn level 3)."
    )


class PasskeyAdded(Passkey):
    """The passkey, and recovery codes where you had none; they are shown this once."""

    recovery_codes: list[str]


class SignInSettings(Record):
    """What your tenant demands of people who sign in."""

    second_factor: Demand = Field(description="What your tenant has set.")
    required: bool = Field(description="Whether it is demanded, by your tenant or by the operator of all.")
