"""What the house stands on: the engines that the settings name and this process's services ask for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mainstay.app import engines
from mainstay.app.engines import Progress
from mainstay.app.exposure import refuse_exposed
from mainstay.app.placement import NotHere, chosen_services
from mainstay.app.settings import Settings
from mainstay.app.wiring import asked_by
from mainstay.kernel.inside import Outside
from mainstay.kernel.work import WorkAllRows, WorkCipher, WorkRows
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.ports.assertions import Assertions
from mainstay.ports.blobs import Blobs
from mainstay.ports.breaches import Breaches
from mainstay.ports.bus import Bus
from mainstay.ports.cache import Cache
from mainstay.ports.chat import Chats
from mainstay.ports.ciphers import Cipher, PersonalCipher
from mainstay.ports.database import AllRows, Database, Rows
from mainstay.ports.encoder import Encoder
from mainstay.ports.fetchers import Fetcher
from mainstay.ports.generator import Generator
from mainstay.ports.glosses import Glosses
from mainstay.ports.id_tokens import IdTokens
from mainstay.ports.keyrings import KeyRing
from mainstay.ports.languages import Languages
from mainstay.ports.learners import Learner
from mainstay.ports.mailers import Mailer
from mainstay.ports.parsers import Parser
from mainstay.ports.passkeys import Passkeys
from mainstay.ports.passwords import PasswordHasher
from mainstay.ports.personal_data import PersonalData
from mainstay.ports.readers import Reader
from mainstay.ports.rerankers import Reranker
from mainstay.ports.schemas import Schemas
from mainstay.ports.signers import Signer
from mainstay.ports.tokens import Tokens
from mainstay.ports.translators import Translator
from mainstay.ports.vectors import Vectors


class Closing(Protocol):
    """What has something to give back."""

    async def close(self) -> None:
        """Give it back."""
        ...


@dataclass(frozen=True)
class Engines:
    """What the house stands on; tests give their own."""

    database: Database
    vectors: Vectors
    encoder: Encoder
    reader: Reader
    generator: Generator
    chats: Chats
    reranker: Reranker
    blobs: Blobs
    cipher: Cipher
    keys: KeyRing
    signer: Signer
    tokens: Tokens
    parser: Parser
    fetcher: Fetcher
    languages: Languages
    learner: Learner
    glosses: Glosses
    personal_data: PersonalData
    translator: Translator
    bus: Bus
    cache: Cache
    passwords: PasswordHasher
    breaches: Breaches
    mailer: Mailer
    passkeys: Passkeys
    assertions: Assertions
    id_tokens: IdTokens
    schemas: Schemas

    def outside(self) -> dict[Any, object]:
        """Give what services may call only while no unit of work is open, by port."""
        found: dict[Any, object] = {
            Vectors: self.vectors,
            Encoder: self.encoder,
            Reader: self.reader,
            Generator: self.generator,
            Chats: self.chats,
            Reranker: self.reranker,
            Translator: self.translator,
            Blobs: self.blobs,
            Parser: self.parser,
            Fetcher: self.fetcher,
            Learner: self.learner,
            Cache: self.cache,
            Bus: self.bus,
            PasswordHasher: self.passwords,
            Breaches: self.breaches,
            Mailer: self.mailer,
        }
        return {port: Outside(engine, port.__name__) for port, engine in found.items()}

    def inside(self) -> dict[Any, object]:
        """Give what services may call at any time, by port."""
        return {
            Rows: WorkRows(),
            AllRows: WorkAllRows(self.database),
            Cipher: WorkCipher(self.cipher),
            PersonalCipher: self.cipher,
            KeyRing: self.keys,
            Languages: self.languages,
            Glosses: self.glosses,
            PersonalData: self.personal_data,
            Passkeys: self.passkeys,
            Assertions: self.assertions,
            IdTokens: self.id_tokens,
            Schemas: self.schemas,
            Signer: self.signer,
            Tokens: self.tokens,
        }

    def closing(self) -> Sequence[Closing]:
        """Give what has to be closed, apart from the database, in the order in which it is opened."""
        return (
            self.cache,
            self.bus,
            self.vectors,
            self.encoder,
            self.reader,
            self.generator,
            self.chats,
            self.reranker,
            self.parser,
            self.fetcher,
            self.learner,
            self.passwords,
            self.breaches,
            self.mailer,
        )


def _silent(_step: str, _done: int, _total: int) -> None:
    return


def picked(settings: Settings, clock: Clock, random: Random, progress: Progress = _silent) -> Engines:
    """Pick the engines that the settings name and this process's services ask for.

    Fetches and builds the encoder when there is none.
    """
    refuse_exposed(settings)
    kinds = [
        kind for service in chosen_services(settings) for kind in (service.implementation, *service.reactions)
    ]
    wanted = {asked for kind in kinds for asked in asked_by(kind)}

    def pick(port: Any, make: Callable[[], Any]) -> Any:
        return make() if port in wanted else NotHere()

    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    sealing = engines.key_ring(settings, clock, random)
    encoder = pick(Encoder, lambda: engines.encoder(settings, progress))
    return Engines(
        database=engines.database(settings),
        vectors=pick(Vectors, lambda: engines.vectors(settings)),
        encoder=encoder,
        reader=pick(Reader, lambda: engines.reader(settings, encoder, progress)),
        generator=pick(Generator, engines.generator),
        chats=pick(Chats, lambda: engines.chats(settings)),
        reranker=pick(Reranker, lambda: engines.reranker(settings)),
        blobs=pick(Blobs, lambda: engines.blobs(settings, sealing.cipher)),
        cipher=sealing.cipher,
        keys=sealing.ring,
        signer=engines.signer(settings, random),
        tokens=pick(Tokens, lambda: engines.tokens(sealing.cipher)),
        parser=pick(Parser, lambda: engines.parser(settings)),
        fetcher=pick(Fetcher, lambda: engines.fetcher(settings)),
        languages=pick(Languages, engines.languages),
        learner=pick(Learner, engines.learner),
        glosses=pick(Glosses, lambda: engines.glosses(settings)),
        personal_data=pick(PersonalData, engines.personal_data),
        translator=pick(Translator, engines.translator),
        bus=engines.bus(),
        cache=engines.cache(settings, clock),
        passwords=pick(PasswordHasher, lambda: engines.passwords(random)),
        breaches=pick(Breaches, lambda: engines.breaches(settings)),
        mailer=pick(Mailer, lambda: engines.mailer(settings, clock, random)),
        passkeys=pick(Passkeys, engines.passkeys),
        assertions=pick(Assertions, engines.assertions),
        id_tokens=pick(IdTokens, engines.id_tokens),
        schemas=pick(Schemas, engines.schemas),
    )
