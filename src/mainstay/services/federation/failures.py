"""How requests about single sign-on may fail."""

from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable


class ConnectionMissing(NotFound):
    """There is no such connection, or it is disabled."""

    title = "There is no such single sign-on connection"


class ConnectionsTooMany(Conflict):
    """A tenant has at most 200 connections."""

    title = "This tenant has too many connections"


class ConnectionIncomplete(Invalid):
    """A connection lacks what its kind needs, or has what belongs to the other kind."""

    title = "The connection's fields do not go together"


class ProviderChanged(Conflict):
    """The new metadata is another identity provider's; whoever is known by the old one would be mistaken."""

    title = "The metadata is another identity provider's"


class ProviderUnusable(Unavailable):
    """The identity provider does not answer, or what it publishes about itself cannot be used."""

    title = "The identity provider cannot be used now"


class MappingMayTooMuch(Forbidden):
    """A mapping may give at most what its writer may, in the groups that he has."""

    title = "Nobody can give more than he has"


class DomainTaken(Conflict):
    """The domain is approved for another connection."""

    title = "This domain belongs to another connection"


class AttemptEnded(Unauthenticated):
    """The sign-in was begun too long ago, in another browser, or was ended already."""

    title = "This sign-in cannot be continued"


class SignInRefused(Unauthenticated):
    """The identity provider's answer is not for this sign-in, not valid now, or says no."""

    title = "The sign-in is refused"


class NobodyMapped(Forbidden):
    """No rule of the connection gives the person a role, or the connection does not make new members."""

    keeps = True
    title = "You have no access here"
