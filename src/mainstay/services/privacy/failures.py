"""How operations of privacy may fail."""

from mainstay.kit.errors import Conflict, Invalid, NotFound, Unavailable


class PersonMissing(NotFound):
    """Your tenant knows nobody by this id, or has nothing of somebody any more who was erased before."""

    title = "There is no such person"


class PersonRequestMissing(NotFound):
    """Your tenant has no such request, or no longer."""

    title = "There is no such request"


class ExportUnfinished(Conflict):
    """Some services have not contributed yet."""

    title = "The export is not complete yet"


class WorkUnfinished(Unavailable):
    """Jobs of a tenant are at work."""

    title = "Jobs of the tenant are at work"


class AuditUnsealed(Unavailable):
    """Entries of the audit wait for their place in its chain, and can be erased only then."""

    title = "The audit is being sealed"


class TenantExportMissing(NotFound):
    """Your tenant has no such export, or no longer."""

    title = "There is no such export"


class TenantExportRunning(Conflict):
    """An export of your tenant is being made."""

    title = "An export is being made already"


class TenantExportUnfinished(Conflict):
    """Some parts are not made yet."""

    title = "The export is not complete yet"


class RetentionInvalid(Invalid):
    """A kind is not known, or its days are outside of what is permitted."""

    title = "The retention cannot be so"


class ConsentPurposeMissing(NotFound):
    """Your tenant has defined no such purpose."""

    title = "There is no such purpose"


class ConsentPurposeChanged(Conflict):
    """The purpose got another text at the same moment."""

    title = "The purpose was changed"


class ConsentVersionMissing(Invalid):
    """The purpose has no such version."""

    title = "There is no such version of the text"


class ConsentMissing(Conflict):
    """The person has not agreed, or has taken it back already."""

    title = "There is no such consent"
