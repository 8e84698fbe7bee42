"""Says whether people of an e-mail address come by the caller's tenant's own identity provider."""

from mainstay.services.federation.store import FederationStore


class ApprovedDomains:
    """Looks at the domains that the operator approved."""

    def __init__(self, store: FederationStore) -> None:
        """Take where they are."""
        self._store = store

    async def approved(self, email: str) -> bool:
        """Say whether the domain belongs to an active connection of the caller's tenant."""
        return await self._store.approved(email.rpartition("@")[2].lower())
