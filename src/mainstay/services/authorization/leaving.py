"""What authorization removes of a tenant that is erased."""

from mainstay.kernel.clearing import Clearing
from mainstay.kernel.work import emit
from mainstay.services.authorization.store import TABLES
from mainstay.services.privacy.interface import TenantErasureRequested, TenantPartErased

_SERVICE = "authorization"


class Leaving:
    """Removes everything that authorization has of a tenant."""

    def __init__(self, clearing: Clearing) -> None:
        """Take what removes rows."""
        self._clearing = clearing

    async def erase(self, event: TenantErasureRequested) -> None:
        """Remove it."""
        await self._clearing.clear(event.erasure_id, _SERVICE, event.tenant_id, TABLES)
        done = TenantPartErased(erasure_id=event.erasure_id, service=_SERVICE)
        emit(done, job_id=event.job_id, subject=event.tenant_id, promised=True)
