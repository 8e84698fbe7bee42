"""How requests about groups and provisioned users may fail."""

from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound


class GroupMissing(NotFound):
    """There is no such group in this tenant."""

    title = "There is no such group"


class GroupNameTaken(Conflict):
    """Another group of this tenant has this name."""

    title = "Another group has this name"


class GroupNameUnclear(Invalid):
    """No name that documents could use can be made of what the group is called."""

    title = "The group needs a name"


class GroupsTooMany(Conflict):
    """A tenant has a limit of groups."""

    title = "There are too many groups"


class GroupTooLarge(Conflict):
    """A group has a limit of members."""

    title = "The group has too many members"


class GroupMayTooMuch(Forbidden):
    """Nobody puts anybody into a group, or takes anybody out, in which he is not himself."""

    title = "You are not in this group"


class RolesBeyondYours(Forbidden):
    """Nobody lets provisioning, or a group, give a role that may more than he may."""

    title = "Nobody can give more than he has"


class VersionStale(Conflict):
    """The thing is not as it was when you read it."""

    title = "It was changed meanwhile"


class UserNameTaken(Conflict):
    """Another user of this tenant has this user name at your identity provider."""

    title = "Another user has this user name"


class AddressNeeded(Invalid):
    """A user needs an e-mail address, and neither the addresses nor the user name is one."""

    title = "The user needs an e-mail address"
