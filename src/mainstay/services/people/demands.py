"""Whether a second factor is demanded, by the tenant or by the operator, and what one may do without it."""

from mainstay.kernel.work import note_change
from mainstay.services.people.demand_store import DemandStore
from mainstay.services.people.factor_failures import FactorDemanded
from mainstay.services.people.factor_records import Demand, SignInSettings
from mainstay.services.people.factor_store import FactorStore
from mainstay.services.people.settings import PeopleSettings
from mainstay.services.people.store import PeopleStore

REQUIRED = "required"
ENROLLING = frozenset(
    {
        "identity.whoami",
        "people.get_account",
        "people.list_factors",
        "people.begin_app",
        "people.confirm_app",
        "people.list_passkeys",
        "people.begin_passkey",
        "people.add_passkey",
        "people.list_memberships",
        "people.list_sessions",
        "people.end_session",
        "people.end_other_sessions",
    }
)
"""What a session without a demanded factor is good for: to add one, and to end sessions."""


class Demands:
    """What tenants demand of whoever signs in."""

    def __init__(
        self, store: DemandStore, people: PeopleStore, factors: FactorStore, settings: PeopleSettings
    ) -> None:
        """Take the parts."""
        self._store = store
        self._people = people
        self._factors = factors
        self._everywhere = settings.second_factor == REQUIRED

    async def shown(self, tenant_id: str) -> SignInSettings:
        """Give what a tenant has set, and what holds."""
        chosen = await self._store.second_factor(tenant_id)
        wish: Demand = "required" if chosen == REQUIRED else "optional"
        return SignInSettings(second_factor=wish, required=self._everywhere or wish == REQUIRED)

    async def set(self, tenant_id: str, second_factor: Demand) -> SignInSettings:
        """Store what a tenant demands; it holds for every session from its next request on."""
        before = await self.shown(tenant_id)
        await self._store.set(tenant_id, second_factor)
        after = SignInSettings(
            second_factor=second_factor, required=self._everywhere or second_factor == REQUIRED
        )
        note_change(before.model_dump(), after.model_dump())
        return after

    async def bound(self, tenant_id: str, methods: str) -> frozenset[str] | None:
        """Give the operations to which a session that was begun so is bound; None: to none."""
        return self.bound_by(await self._store.second_factor(tenant_id), methods)

    def bound_by(self, chosen: str, methods: str) -> frozenset[str] | None:
        """Give the same where it is known what the tenant has set.

        Without methods another has vouched for the person: identity providers have factors of their own.
        """
        demanded = self._everywhere or chosen == REQUIRED
        return ENROLLING if demanded and methods and "mfa" not in methods.split() else None

    async def lacking(self, tenant_id: str, person_id: str) -> bool:
        """Say whether somebody with a password has not the factor that a tenant demands."""
        if not (self._everywhere or await self._store.second_factor(tenant_id) == REQUIRED):
            return False
        person = await self._people.person(person_id)
        return person is not None and person.password is not None and not await self._factors.any(person_id)

    async def keep_one(self, person_id: str, left: int) -> None:
        """Raise FactorDemanded where a person would have no factor left that one of her tenants demands."""
        for each in await self._people.memberships(person_id) if left == 0 else ():
            if each.state == "active" and (
                self._everywhere or await self._store.second_factor(each.tenant_id) == REQUIRED
            ):
                raise FactorDemanded("Set up another one first: an authenticator app, or a passkey.")
