"""Says whether people of an e-mail address come by a tenant's own identity provider."""

from mainstay.services.federation.store import FederationStore


class ApprovedDomains:
    """Looks at the domains that the operator approved."""

    def __init__(self, store: FederationStore) -> None:
        """Take where they are."""
        self._store = store

    async def approved(self, tenant_id: str, email: str) -> bool:
        """Say whether the domain belongs to an active connection of the tenant."""
        row = await self._store.by_domain(email.rpartition("@")[2].lower())
        return row is not None and row.tenant_id == tenant_id
