"""What goes into the operations on groups and provisioned users, with its limits, and what comes out."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Input, Record

_TEXT = r"^[^\x00-\x1f\x7f]+$"
MEMBERS_AT_ONCE_MAX = 5_000

GroupId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
GroupName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.:@/-]+$"),
    Field(description="What documents, keys and mappings call the group; it never changes."),
]
DisplayName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=_TEXT),
    Field(description="What people call the group."),
]
ExternalId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=254, pattern=_TEXT),
    Field(description="What your identity provider calls it."),
]
GroupExternalId = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="What your identity provider calls the group; an empty text takes it away."),
]
UserId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
UserIds = Annotated[
    list[UserId], Field(max_length=MEMBERS_AT_ONCE_MAX, description="Users of your tenant, by their ids.")
]
GroupBeginning = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=_TEXT),
    Field(description="How the name, or what people call the group, begins; capitals do not matter."),
]
GroupsPage = Annotated[int, Field(ge=1, le=500)]
UsersPage = Annotated[int, Field(ge=0, le=500)]
Place = Annotated[int, Field(ge=1, le=1_000_000, description="The first one's place, counted from 1.")]
Version = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^\w+$"),
    Field(description="As you have read it: if it is another now, nothing is changed."),
]
RoleName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_-]*$"),
    Field(description="A role's name, as `user`; `GET /roles` lists them."),
]
Email = Annotated[
    str,
    StringConstraints(
        min_length=3,
        max_length=254,
        pattern=r"^[^\s\x00-\x1f\x7f-\x9f\ufeff@<>()\[\],;:\\\"]{1,64}@[^\s\x00-\x1f\x7f-\x9f\ufeff@<>()\[\],;:\\\"]{1,189}$",
    ),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=_TEXT)]


class Group(Record):
    """A group of a tenant."""

    group_id: str
    name: str = Field(description="What documents, keys and mappings call the group.")
    display_name: str = Field(description="What people call the group.")
    external_id: str | None = Field(description="What your identity provider calls it.")
    members_count: int
    members: list[str] | None = Field(description="Ids of users; null in lists that do not ask for them.")
    created_ms: int
    created_by: str
    changed_ms: int = Field(description="When it was changed by these operations.")
    version: str = Field(description="Another one whenever the group or its members change.")


class RoleRule(Input):
    """Who has a role at the identity provider, or is in a group, gets a role here."""

    by: Literal["role", "group"] = Field(
        description="What is looked at: the SCIM attribute `roles`, or the names of the user's groups here."
    )
    value: Text = Field(description="The value, letter by letter.")
    role: RoleName


Rules = Annotated[list[RoleRule], Field(max_length=100, description="The first rule that fits counts.")]


class Provisioning(Record):
    """How users come from an identity provider."""

    default_role: str = Field(description="For whom no rule gives another.")
    rules: list[RoleRule]
    scim_url: str = Field(
        description="For the provider: the address to which it provisions; empty if unknown."
    )


class Labelled(Input):
    """One of several values of a person, as SCIM has them."""

    value: Text
    type: Text | None = None
    display: Text | None = None
    primary: bool | None = None


class Address(Input):
    """An e-mail address, as SCIM has it."""

    value: Email
    type: Text | None = None
    display: Text | None = None
    primary: bool | None = None


class PersonName(Input):
    """The parts of a name."""

    formatted: Text | None = None
    family_name: Text | None = None
    given_name: Text | None = None
    middle_name: Text | None = None
    honorific_prefix: Text | None = None
    honorific_suffix: Text | None = None


class Work(Input):
    """Where somebody works (SCIM's enterprise extension)."""

    employee_number: Text | None = None
    cost_center: Text | None = None
    organization: Text | None = None
    division: Text | None = None
    department: Text | None = None
    manager: Text | None = Field(None, description="The manager's id.")


class Profile(Input):
    """A user as an identity provider tells of him; it is stored sealed."""

    user_name: Text
    external_id: ExternalId | None = None
    name: PersonName | None = None
    display_name: Text | None = None
    title: Text | None = None
    preferred_language: Text | None = None
    locale: Text | None = None
    timezone: Text | None = None
    emails: list[Address] = Field([], max_length=20)
    roles: list[Labelled] = Field([], max_length=50)
    work: Work | None = None


class GroupOfUser(Record):
    """A group in which a user is."""

    group_id: str
    display_name: str


class ProvisionedUser(Record):
    """A user as provisioning sees him."""

    user_id: str
    profile: Profile
    active: bool = Field(description="False once he is deactivated; who was only invited is active.")
    role: str
    groups: list[GroupOfUser]
    provisioned: bool = Field(description="Whether provisioning has made or changed him.")
    created_ms: int
    changed_ms: int
    version: str = Field(description="Another one whenever something of this changes.")


class ProvisionedUsers(Record):
    """Some users, and how many there are in all."""

    total: int
    users: list[ProvisionedUser]
