"""How requests about second factors may fail."""

from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated


class SecondFactorNeeded(Unauthenticated):
    """The password is right, and a second factor is needed beside it."""

    keeps = True  # the sign-in that waits for it
    title = "Your second factor is needed"


class FactorCodeWrong(Invalid):
    """The code of the second factor is wrong, was used already, or is too old."""

    title = "The code of the second factor is wrong"


class FactorExists(Conflict):
    """You have an authenticator app already."""

    title = "You have an authenticator app already"


class FactorMissing(Conflict):
    """You have no such second factor, or none that waits to be confirmed."""

    title = "There is no such second factor"


class FactorElsewhere(Forbidden):
    """The person is a member of other tenants too, whose second factor no single tenant takes away."""

    title = "Only the operator may take this second factor away"


class FactorDemanded(Conflict):
    """A tenant of yours demands a second factor, and this is your last one."""

    title = "Your tenant demands a second factor"


class ProofNeeded(Forbidden):
    """A session alone does not change how somebody signs in: whoever found it open could."""

    title = "Prove that it is you"


class PasskeyMissing(NotFound):
    """You have no such passkey."""

    title = "There is no such passkey"


class PasskeyExists(Conflict):
    """This passkey was added already."""

    title = "This passkey was added already"


class PasskeysTooMany(Conflict):
    """You have as many passkeys as anybody may have."""

    title = "You have too many passkeys"


class PasskeysNotHere(Conflict):
    """Browsers know no passkeys at this server's public address."""

    title = "This server's address knows no passkeys"
