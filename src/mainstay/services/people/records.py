"""What goes into the operations on users, with its limits, and what comes out."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Record

EMAIL_LENGTH_MAX = 254
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 256

Email = Annotated[
    str,
    StringConstraints(
        min_length=3,
        max_length=EMAIL_LENGTH_MAX,
        pattern=r"^[^\s\x00-\x1f\x7f-\x9f\ufeff@<>()\[\],;:\\\"]{1,64}@[^\s\x00-\x1f\x7f-\x9f\ufeff@<>()\[\],;:\\\"]{1,189}$",
    ),
    Field(description="An e-mail address without a display name; its capitals are made small."),
]
UserName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="What this tenant calls the person; no other tenant sees it."),
]
UserRole = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_-]*$"),
    Field(description="A role's name, as `user`; `GET /roles` lists them."),
]
UserGroup = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.:@/-]+$")]
UserGroups = Annotated[
    list[UserGroup],
    Field(max_length=100, description="Groups of document permissions that the user is in."),
]
UserId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
AfterUser = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$"),
    Field(description="The last user of the page before."),
]
UsersPage = Annotated[int, Field(ge=1, le=500)]
Beginning = Annotated[
    str,
    StringConstraints(min_length=1, max_length=EMAIL_LENGTH_MAX, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="How the e-mail address, or a word of the name, begins; capitals do not matter."),
]
Password = Annotated[
    str, StringConstraints(min_length=1, max_length=PASSWORD_LENGTH_MAX, pattern=r"^[^\x00]+$")
]
NewPassword = Annotated[
    str,
    StringConstraints(min_length=PASSWORD_LENGTH_MIN, max_length=PASSWORD_LENGTH_MAX, pattern=r"^[^\x00]+$"),
    Field(description="Any characters, spaces too; passwords known from breaches are refused."),
]
Code = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[\w-]+$"),
    Field(description="The code from the mail; it works once."),
]
CodePurpose = Annotated[
    Literal["invitation", "reset", "address"],
    Field(description="What the code was sent for: a new member, a new password, a new e-mail address."),
]
WantedTenant = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$"),
    Field(description="Into which tenant; needed by members of several."),
]
SessionId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
UserState = Literal["invited", "active", "deactivated"]
WishedState = Literal["active", "deactivated"]
Kept = Literal["", "kept", "ended"]


class User(Record):
    """A person as a member of this tenant."""

    id: str
    email: str
    name: str
    role: str
    groups: list[str]
    state: UserState = Field(description="Only `active` users can sign in.")
    created_ms: int
    created_by: str = Field(description="Who invited the person: a user or a key.")


class NewSession(Record):
    """A session that was just begun; its secret is shown this once and stored as a hash only."""

    session_id: str
    secret: str = Field(description="Send it as `Authorization: Bearer …`.")
    tenant_id: str
    user_id: str
    ends_ms: int = Field(description="When it ends at the latest.")
    limited: bool = Field(
        False, description="Whether it is good for nothing but setting a demanded second factor up."
    )


class Session(Record):
    """One of your sessions."""

    session_id: str
    tenant_id: str
    created_ms: int
    last_used_ms: int = Field(description="To the minute.")
    ends_ms: int = Field(description="When it ends at the latest; unused it ends before.")
    address: str = Field(description="From where it was begun.")
    agent: str = Field(description="What program began it, by its own words.")
    methods: list[str] = Field(
        description=(
            "By RFC 8176: `pwd` a password, `otp` a code beside it, `pop` a passkey, `mfa` two factors;"
            " none by single sign-on."
        )
    )
    current: bool = Field(description="Whether it is the one that asks.")


class SessionsEnded(Record):
    """How many sessions were ended."""

    ended: int


class Membership(Record):
    """You as a user of one tenant."""

    tenant_id: str
    tenant: str = Field(description="The tenant's name.")
    user_id: str
    role: str
    state: UserState


class CodeShown(Record):
    """What a code from a mail is good for; it is not used up by being looked at."""

    email: str = Field(description="Of the person whom it was sent to, or the new one that it proves.")
    tenant: str = Field(description="The name of the tenant into which it invites; else empty.")
    inviter: str = Field(description="Who invited, by name; empty of an API key, and of who is gone.")
    expires_ms: int


class Account(Record):
    """Who you are, as you signed in."""

    name: str
    email: str
    tenant_id: str
    tenant: str = Field(description="The tenant's name.")


class Asked(Record):
    """Something was asked for; whether there is anybody to do it for is not told."""

    accepted: bool = True
