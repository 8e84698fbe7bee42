"""How requests about clients, keys and tokens may fail."""

from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated


class ClientMissing(NotFound):
    """There is no such client in this tenant."""

    title = "There is no such client"


class ClientUnclear(Invalid):
    """What a client is and what it may ask for do not go together."""

    title = "The client's parts contradict each other"


class ClientMayTooMuch(Forbidden):
    """A client may at most do what its maker may, in groups that he is in."""

    title = "Nobody can give more than he has"


class ClientChanged(Conflict):
    """Somebody else rotated or deleted this client at the same moment."""

    title = "This client was changed at the same moment"


class ClientsTooMany(Conflict):
    """A tenant has at most 500 clients."""

    title = "This tenant has too many clients"


class ClientRefused(Unauthenticated):
    """The client is unknown, or did not prove who it is."""

    title = "The client is not known"


class RedirectRefused(Invalid):
    """An address to which answers are sent has to be one that the client has named before."""

    title = "This redirect address is refused"


class GrantRefused(Invalid):
    """The code or refresh token is unknown, was used, has expired, or belongs to another client."""

    title = "This grant is not valid"


class GrantReused(GrantRefused):
    """A code or refresh token came a second time: everything that came from it is revoked."""

    keeps = True
    title = "This grant was used before"


class GrantUnsupported(Invalid):
    """The client may not ask for tokens in this way."""

    title = "This client may not use this grant"


class ScopeRefused(Invalid):
    """A scope is unknown, or is more than what may be given."""

    title = "This scope cannot be given"


class ResourceRefused(Invalid):
    """A token is for this server, or for one of its doors."""

    title = "Tokens for this resource are not made here"


class SigningKeyTooNew(Conflict):
    """The next key has not been published for long enough to be known everywhere."""

    title = "The next signing key is too new"


class SigningKeysChanged(Conflict):
    """Another process turned the signing keys at the same moment."""

    title = "The signing keys were turned at the same moment"


class SigningKeysMissing(Conflict):
    """There is no key to sign with; one is made when the server starts."""

    title = "There is no signing key"


class TokenCannotApprove(Forbidden):
    """An access token cannot decide what clients may do: what it gives would outlive it, or be more."""

    title = "A token cannot approve"


class ApprovalMissing(NotFound):
    """The caller has let no client act under this id, or not any more."""

    title = "There is no such approval"


class RegistrationClosed(Forbidden):
    """Clients cannot register here by themselves."""

    title = "Registration is closed"


class RegistrationsTooMany(TooMany):
    """Too many clients have registered from this address, or altogether."""

    title = "Too many clients have registered"


class MetadataRefused(Invalid):
    """What a client says of itself is not possible here."""

    title = "The client's metadata is refused"
