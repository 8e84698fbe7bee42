"""How requests about users may fail."""

from mainstay.kernel.guard import SignInNeeded
from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated


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


class UserNotWaiting(Conflict):
    """Only who has not accepted yet is sent an invitation."""

    title = "This user does not wait for an invitation"


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


class SignInWrong(Unauthenticated):
    """No user has this e-mail address and this password; which of them is wrong is never told."""

    title = "The e-mail address or the password is wrong"


class SignInSlowed(TooMany):
    """There were so many attempts to sign in that the next one has to wait; the account is not locked."""

    title = "Too many attempts to sign in"


class TenantUnclear(Conflict):
    """The person is a member of several tenants, and has to say which one is meant."""

    title = "Say into which tenant you want to sign in"


class SessionMissing(NotFound):
    """You have no such session."""

    title = "There is no such session"


class UserNeeded(SignInNeeded):
    """This is for people who have signed in; an API key has no password and no mailbox."""

    title = "Only a signed-in user may do this"


class PasswordWrong(Invalid):
    """The present password is wrong."""

    title = "The present password is wrong"


class PasswordGuessable(Invalid):
    """The password is known from a breach, or easily guessed."""

    title = "This password is easily guessed"


class CodeInvalid(Invalid):
    """The code is unknown, was used already, or has expired."""

    title = "This link is not valid any more"


class EmailTaken(Conflict):
    """Another person has this e-mail address."""

    title = "This e-mail address is taken"


class MailTooOften(TooMany):
    """So many mails were asked for that the next one has to wait."""

    title = "Too many mails were asked for"
