"""How requests about users may fail."""

from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound


class UserMissing(NotFound):
    """There is no such user in this tenant."""

    title = "There is no such user"


class UserExists(Conflict):
    """This tenant has a user with this e-mail address already."""

    title = "This tenant has this user already"


class UserChanged(Conflict):
    """Somebody else made or changed this user at the same moment."""

    title = "This user was changed at the same moment"


class UserIsYou(Conflict):
    """Nobody deactivates himself."""

    title = "You cannot deactivate yourself"


class UserNotInvited(Conflict):
    """An invited user becomes active by accepting the invitation, not by being changed."""

    title = "This user has not accepted the invitation yet"


class LastAdministrator(Conflict):
    """The last active administrator stays one, as long as no administrator has an API key."""

    title = "This is the last administrator"


class UserMayTooMuch(Forbidden):
    """Nobody gives, takes or changes what goes beyond his own permissions and groups."""

    title = "Nobody can give more than he has"


class RoleUnknown(Invalid):
    """There is no such role in this tenant."""

    title = "There is no such role"


class SearchTooWide(Invalid):
    """So many users were looked through without filling a page that the search has to be continued."""

    title = "The search has to be continued"
