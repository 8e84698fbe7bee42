"""The house put together: engines, services, the road, and the reactions; opened and closed as one."""

import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from mainstay.app import engines
from mainstay.app.foundations import Engines
from mainstay.app.placement import NotHere, chosen_services, others
from mainstay.app.readiness import Readiness
from mainstay.app.services import all_services
from mainstay.app.settings import Settings
from mainstay.app.tables import TABLES
from mainstay.app.wiring import Wiring
from mainstay.app.writers import writers_of
from mainstay.kernel.address import PublicAddress
from mainstay.kernel.admission import Admission, Approvals
from mainstay.kernel.ageing import Ageing
from mainstay.kernel.audit import Audit
from mainstay.kernel.audit_chain import AuditChain
from mainstay.kernel.audit_keys import AuditKeys
from mainstay.kernel.caller import EVERYTHING, Caller
from mainstay.kernel.clearing import Clearing
from mainstay.kernel.closing import Closing
from mainstay.kernel.dispatch import Application, Parts
from mainstay.kernel.embedding import Embedder, Embedding
from mainstay.kernel.entrance import Entrance
from mainstay.kernel.erasing import Eraser
from mainstay.kernel.errands import Errands
from mainstay.kernel.events import Subscribers, declared_reactions, reactions_of
from mainstay.kernel.guard import Guard
from mainstay.kernel.holdings import ROUND_S as STOCK_S
from mainstay.kernel.holdings import Holder, Stocktaking
from mainstay.kernel.idempotency import Idempotency
from mainstay.kernel.inside import Operations, inside
from mainstay.kernel.interface import Interface
from mainstay.kernel.leases import Leases
from mainstay.kernel.outbox import Outbox
from mainstay.kernel.permissions import Permissions, permissions_of
from mainstay.kernel.profiles import Profiles
from mainstay.kernel.quotas import Quotas
from mainstay.kernel.reactor import Reactor
from mainstay.kernel.recognising import Recogniser, Recognisers, Standing
from mainstay.kernel.recording import Recording
from mainstay.kernel.resealing import KeyRounds, Resealer
from mainstay.kernel.role_uses import RoleHolders, RoleUses
from mainstay.kernel.room import Room
from mainstay.kernel.roster import Roster
from mainstay.kernel.rounds import Caretaker, Rounds
from mainstay.kernel.sealing import Sealer
from mainstay.kernel.subjects import Subjects
from mainstay.kernel.takeout import Takeout
from mainstay.kernel.tidying import DAY_MS, Tidying
from mainstay.kernel.tracing import Tracing
from mainstay.kernel.usage import ROUND_S as USAGE_S
from mainstay.kernel.usage import Usage
from mainstay.kernel.usage_book import UsageBook
from mainstay.kernel.work import Work, entered
from mainstay.kit.clock import Clock, SystemClock
from mainstay.kit.errors import Conflict
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random, SystemRandom
from mainstay.ports.database import UniqueViolated
from mainstay.services.authorization.client_store import ClientStore
from mainstay.services.authorization.signing import AuthorizationSettings
from mainstay.services.directory.store import DirectoryStore
from mainstay.services.federation.approvals import ApprovedDomains
from mainstay.services.federation.store import FederationStore
from mainstay.services.generation.settings import GenerationSettings
from mainstay.services.identity.interface import Identity
from mainstay.services.identity.key_store import ApiKeyStore
from mainstay.services.identity.keyring import IdentitySettings
from mainstay.services.identity.service import IdentityService
from mainstay.services.identity.standing import TenantStanding
from mainstay.services.identity.uses import ROUND_S, Uses
from mainstay.services.people.admission import MemberAdmission
from mainstay.services.people.interface import People
from mainstay.services.people.profiles import MemberProfiles
from mainstay.services.people.roster import MemberRoster
from mainstay.services.people.roster_store import RosterStore
from mainstay.services.people.sessions import Sessions
from mainstay.services.people.settings import PeopleSettings

Made = TypeVar("Made")

logger = logging.getLogger("mainstay")

_STARTING_AT_ONCE_MAX = 20


async def _nothing(_house: "House") -> None:
    return


class House:
    """One process of Mainstay: `async with House(…) as house:` serves until the block ends."""

    def __init__(
        self,
        settings: Settings,
        stands_on: Engines,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        first: Callable[["House"], Awaitable[None]] = _nothing,
    ) -> None:
        """Put everything together; nothing is opened yet.

        `first` is done when everything is open, before events that wait are taken up.
        """
        self.settings = settings
        self.engines = stands_on
        self.clock = clock or SystemClock()
        self.random = random or SystemRandom()
        self.ids = Ids(self.clock, self.random)
        self.tracing = Tracing(self.random)
        self.audit_keys = AuditKeys(stands_on.database, stands_on.signer.public_key, engines.verifier)
        self.audit = Audit(stands_on.database, self.clock, self.random)
        self.recording = Recording(stands_on.database, stands_on.cipher, self.clock, self.random)
        self.audit_chain = AuditChain(stands_on.database, self.audit_keys)
        self.eraser = Eraser(stands_on.database, stands_on.signer, self.clock, self.random)
        alone = not settings.database and not settings.only
        self.sealer = self._sealing(alone=alone)
        self.recognisers, self.closing, self.embedding = Recognisers(), Closing(), Embedding()
        self.address = PublicAddress(settings.public_url)
        self.address.listens(settings.listens_at)  # as far as is known before the socket is taken
        self.new_key: str | None = None
        self._first, self._errands, self.local_key = first, Errands(), ""
        self._services = all_services()
        self._here = chosen_services(settings)
        self._others = others(settings.remotes)
        self.usage = Usage(
            stands_on.database, self.clock, self.ids, kept_ms=settings.usage_kept_days * DAY_MS
        )
        self.quotas = Quotas(stands_on.database, self.clock, self.usage, self.audit)
        self._wiring = Wiring(
            self._known(),
            self._stand_in,
            {service.interface: service.implementation for service in self._services},
        )
        outbox = Outbox(stands_on.bus, self.clock, self.ids, self._subscribers())
        if self._is_here(Identity):
            self._keep_contracts()
        stock = Stocktaking(stands_on.database, self.clock)
        self._reactor = self._reacting(outbox, alone=alone)
        self.uses = Rounds("key uses", ROUND_S, self._note_uses)
        self.counting = Rounds("usage", USAGE_S, self._count)
        self.stocktaking = Rounds("stocktaking", STOCK_S, stock.take)
        self.key_rounds = self._following_keys()
        here = {service.interface: self._wiring.make(service.implementation) for service in self._here}
        self.application = Application(self._parts(outbox), here)
        self.recognisers.stand(self._recognising(here.values()))
        self.embedding.stand(each for each in here.values() if isinstance(each, Embedder))
        self._caretakers = [each for each in here.values() if isinstance(each, Caretaker)]
        self._take_stock(stock)
        self._readiness = Readiness(stands_on.database, stands_on.encoder, stands_on.cache, self.clock)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open everything: migrate, make the first key, take up what was interrupted."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._others.close)
            stack.push_async_callback(self.engines.keys.close)
            await self.engines.keys.open()
            await self.engines.database.open()
            stack.push_async_callback(self.engines.database.close)
            for engine in self.engines.closing():
                stack.push_async_callback(engine.close)
            await self.key_rounds.start()
            stack.push_async_callback(self.key_rounds.stop)
            await self.audit_keys.take_up(self.audit_chain, self.engines.signer, self.clock)
            await self._first_key()
            self.sealer.start()
            stack.push_async_callback(self.sealer.stop)
            for rounds in (self.uses, self.counting, self.stocktaking, *await self._tending()):
                rounds.start()
                stack.push_async_callback(rounds.stop)
            self.audit.start()
            stack.push_async_callback(self.audit.stop)
            await self.recording.start()
            stack.push_async_callback(self.recording.stop)
            stack.push_async_callback(self._errands.close)
            await self._first(self)
            reactions = [
                reaction
                for service in self._here
                for kind in service.reactions
                for reaction in reactions_of(self._wiring.make(kind))
            ]
            await self._reactor.start(reactions)
            stack.push_async_callback(self._reactor.stop)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what runs, write what waits, close everything."""
        self.closing.begin()
        self._readiness.stop()
        await self._stack.aclose()

    async def ready(self) -> Mapping[str, str]:
        """Say of each part whether it can serve, as it was within the last second; raises Unavailable."""
        return await self._readiness.told()

    def _parts(self, outbox: Outbox) -> Parts:
        stands_on = self.engines
        guard = Guard(self.recognisers, stands_on.cache, self.settings.rate_limit_strangers_per_minute)
        return Parts(
            guard=guard,
            entrance=Entrance(guard, self.quotas),
            database=stands_on.database,
            audit=self.audit,
            recording=self.recording,
            outbox=outbox,
            idempotency=Idempotency(stands_on.database, stands_on.cipher, self.clock),
            tracing=self.tracing,
            usage=self.usage,
            clock=self.clock,
        )

    def _sealing(self, *, alone: bool) -> Sealer:
        return Sealer(
            self.engines.database,
            self.audit_chain,
            self.engines.signer,
            self.clock,
            self.ids,
            kept_days=self.settings.audit_kept_days,
            exclusive=alone,
        )

    def _following_keys(self) -> KeyRounds:
        on = self.engines
        resealer = Resealer(on.database, TABLES, on.blobs, on.cipher, on.keys)
        return KeyRounds(on.keys, resealer, reseals=not isinstance(on.blobs, NotHere))

    def _reacting(self, outbox: Outbox, *, alone: bool) -> Reactor:
        database = self.engines.database
        return Reactor(
            database,
            self.engines.bus,
            outbox,
            Leases(database, self.clock, self.ids),
            Tidying(database, self.clock, kept_ms=self.settings.jobs_kept_days * DAY_MS),
            self.usage,
            exclusive=alone,
        )

    def _known(self) -> dict[Any, object]:
        return {
            **self.engines.outside(),
            **self.engines.inside(),
            **writers_of(self.settings, self.engines.generator, self._stand_in, self.random),
            Audit: self.audit,
            Eraser: self.eraser,
            Ageing: Ageing(self.engines.database, TABLES),
            Subjects: Subjects(self.engines.database, TABLES),
            Takeout: Takeout(self.engines.database, TABLES, self.engines.cipher),
            Clearing: Clearing(self.engines.database, TABLES),
            Closing: self.closing,
            Embedding: self.embedding,
            Subscribers: Subscribers(self._subscribers()),
            Clock: self.clock,
            Random: self.random,
            Ids: self.ids,
            Errands: self._errands,
            Operations: Operations(lambda: self.application),
            AuditChain: self.audit_chain,
            AuditKeys: self.audit_keys,
            Recording: self.recording,
            UsageBook: UsageBook(self.engines.database),
            Quotas: self.quotas,
            Room: Room(self.quotas, self.clock),
            PublicAddress: self.address,
            Recognisers: self.recognisers,
            Permissions: permissions_of(service.interface for service in self._services),
            GenerationSettings: GenerationSettings(self.settings.answers_kept_days),
            IdentitySettings: IdentitySettings(
                self.settings.rate_limit_per_minute,
                self.settings.rate_limit_writes_per_minute,
                self.settings.rate_limit_tenant_per_minute,
            ),
            PeopleSettings: PeopleSettings(
                self.settings.session_idle_minutes,
                self.settings.session_days,
                self.settings.second_factor,
            ),
            AuthorizationSettings: AuthorizationSettings(
                self.settings.oauth_algorithm,
                access_s=60 * self.settings.oauth_access_minutes,
                refresh_days=self.settings.oauth_refresh_days,
                key_days=self.settings.oauth_key_days,
                registration=self.settings.oauth_registration,
                native_schemes=self.settings.oauth_native_schemes,
            ),
        }

    def _keep_contracts(self) -> None:
        """Make what services ask of each other by the kernel's contracts."""
        stores: dict[str, type[RoleHolders]] = {
            "API keys": ApiKeyStore,
            "users": RosterStore,
            "OAuth clients": ClientStore,
            "single sign-on connections": FederationStore,
            "provisioning rules": DirectoryStore,
        }
        holders = {name: self._wiring.make(store) for name, store in stores.items()}
        self._wiring.know(RoleUses, RoleUses(holders))
        self._wiring.know(Standing, self._wiring.make(TenantStanding))
        self._wiring.know(Admission, self._wiring.make(MemberAdmission))
        self._wiring.know(Profiles, self._wiring.make(MemberProfiles))
        self._wiring.know(Roster, self._wiring.make(MemberRoster))
        self._wiring.know(Approvals, self._wiring.make(ApprovedDomains))

    def _subscribers(self) -> dict[str, list[str]]:
        subscribers: dict[str, list[str]] = {}
        for service in self._services:
            for kind in service.reactions:
                for name, marked in declared_reactions(kind).items():
                    subscribers.setdefault(marked.event.name(), []).append(name)
        return subscribers

    def _stand_in(self, interface: type[Interface], also: frozenset[str] = frozenset()) -> Interface:
        if self._is_here(interface):
            return inside(interface, lambda: self.application, also)
        return self._others.stand_in(interface)

    def _is_here(self, interface: type[Interface]) -> bool:
        return any(service.interface is interface for service in self._here)

    def _recognising(self, made: Iterable[Interface]) -> list[Recogniser]:
        """Give who recognises callers; keys come last, since any text may be one."""
        if not self._is_here(Identity):
            return [self._others.recogniser()]
        found = [each for each in made if isinstance(each, Recogniser)]
        return sorted(found, key=lambda each: isinstance(each, IdentityService))

    def _take_stock(self, stock: Stocktaking) -> None:
        """Let everybody count who stores something."""
        made = {service.name: self._wiring.make(service.implementation) for service in self._here}
        holders = {name: service for name, service in made.items() if isinstance(service, Holder)}
        stock.stand(holders)
        self._wiring.make(Room).stand(holders.values())

    async def _first_key(self) -> None:
        if not self._is_here(Identity):
            return
        identity = self._wiring.make(IdentityService)
        secret = self.settings.admin_key
        given = None if secret is None else secret.get_secret_value()
        self.new_key = await self._at_start(lambda: identity.make_first_key(given))
        self.local_key = await self._at_start(identity.make_local_key)

    async def _note_uses(self) -> None:
        await self._wiring.make(Uses).write(self._as_the_house)
        if self._is_here(People):
            await self._wiring.make(Sessions).write(self._as_the_house)

    async def _count(self) -> None:
        """Write what was counted, then look what others counted."""
        await self.usage.write()
        await self.quotas.refresh()

    async def _tending(self) -> list[Rounds]:
        """Let services do what has to be done first; give the rounds of what they do again and again."""
        for each in self._caretakers:
            await self._at_start(each.at_start)
        return [
            Rounds(type(each).__name__, each.round_s, partial(self._go_round, each))
            for each in self._caretakers
        ]

    async def _go_round(self, caretaker: Caretaker) -> None:
        with contextlib.suppress(Conflict, UniqueViolated):  # another process has done it at this moment
            await self._as_the_house(caretaker.go_round)

    async def _at_start(self, action: Callable[[], Awaitable[Made]]) -> Made:
        """Do something as the house itself; again, when another process that starts did it this moment."""
        for _ in range(_STARTING_AT_ONCE_MAX):
            with contextlib.suppress(UniqueViolated):
                return await self._as_the_house(action)
        return await self._as_the_house(action)

    async def _as_the_house(self, action: Callable[[], Awaitable[Made]]) -> Made:
        from_house = Caller("", "house:start", ("house",), frozenset({EVERYTHING}), operator=True)
        work = Work(from_house, self.engines.database, "start")
        with entered(work):
            try:
                result = await action()
                await work.commit()
            except BaseException as error:
                await work.undo(error)
                raise
        return result
