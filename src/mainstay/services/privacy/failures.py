"""How operations of privacy may fail."""

from mainstay.kit.errors import Conflict, Invalid, NotFound, Unavailable


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
