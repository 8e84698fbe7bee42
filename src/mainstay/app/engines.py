"""The one place that picks engines; each is imported only when it is picked."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from mainstay.app.chats import chats_of
from mainstay.app.neighbours import neighbour, taken
from mainstay.app.placement import SettingsContradict
from mainstay.app.settings import Settings
from mainstay.app.tables import TABLES
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.ports.assertions import Assertions
from mainstay.ports.blobs import Blobs
from mainstay.ports.breaches import Breaches
from mainstay.ports.bus import Bus
from mainstay.ports.cache import Cache
from mainstay.ports.chat import Chats
from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Database
from mainstay.ports.encoder import Encoder
from mainstay.ports.failures import VectorsUnavailable
from mainstay.ports.fetchers import Fetcher
from mainstay.ports.generator import Generator
from mainstay.ports.glosses import Glosses
from mainstay.ports.id_tokens import IdTokens
from mainstay.ports.keyrings import KeyRing
from mainstay.ports.keystores import KeyStore
from mainstay.ports.languages import Languages
from mainstay.ports.learners import Learner
from mainstay.ports.mailers import Mailer, MailRefused
from mainstay.ports.parsers import Parser
from mainstay.ports.passkeys import Passkeys
from mainstay.ports.passwords import PasswordHasher
from mainstay.ports.personal_data import PersonalData
from mainstay.ports.readers import Reader
from mainstay.ports.rerankers import Reranker
from mainstay.ports.schemas import Schemas
from mainstay.ports.signers import Signer, Verifier
from mainstay.ports.tokens import Tokens
from mainstay.ports.translators import Translator
from mainstay.ports.vectors import Vectors
from mainstay.ports.wrappers import Wrapper

Progress = Callable[[str, int, int], None]
KEY_FILE, KEY_STORE = "secret.key", "keys.db"
_MB = 1024 * 1024
_UNSET_SENDER = "Mainstay <mainstay@localhost>"


@dataclass(frozen=True)
class Sealing:
    """The keys, and what seals and opens with them once they are open."""

    ring: KeyRing
    cipher: Cipher


def pick(module: str, name: str) -> Any:
    """Import an engine late."""
    return getattr(importlib.import_module(f"mainstay.engines.{module}"), name)


def _secret(value: SecretStr | None) -> str:
    return "" if value is None else value.get_secret_value()


def _is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def database(settings: Settings) -> Database:
    """Pick the database."""
    if settings.database:
        return cast("Database", pick("database.postgres", "PostgresDatabase")(settings.database, TABLES))
    engine = pick("database.sqlite", "SqliteDatabase")
    return cast("Database", engine(settings.data / "mainstay.db", TABLES))


def schema_versions(settings: Settings) -> tuple[str | None, str | None]:
    """Give the version that the database has, and the one that this program wants; nothing is changed."""
    newest = pick("database.migrate", "newest_version")()
    if settings.database:
        return pick("database.postgres", "stored_version")(settings.database), newest
    return pick("database.migrate", "stored_in_sqlite")(settings.data / "mainstay.db"), newest


def key_ring(settings: Settings, clock: Clock, random: Random) -> Sealing:
    """Pick where keys are kept, what wraps them, and the cipher that uses them.

    The key file is made at the first start, unless something else wraps the root keys.
    """
    if settings.database:
        store = pick("keystores.postgres", "PostgresKeyStore")(settings.database)
    else:
        store = pick("keystores.sqlite", "SqliteKeyStore")(settings.data / KEY_STORE)
    holds_data = (settings.data / "mainstay.db").exists()
    return sealing_of(store, settings, settings.data / KEY_FILE, clock, random, holds_data=holds_data)


def sealing_of(
    store: KeyStore,
    settings: Settings,
    key_file: Path,
    clock: Clock,
    random: Random,
    *,
    holds_data: bool = True,
) -> Sealing:
    """Put a key ring and its cipher together; the key file opens what earlier versions sealed, too."""
    wrappers, earlier = list[Wrapper](), pick("ciphers.envelope", "NoEarlierKey")()
    if settings.vault:
        token = _secret(settings.vault_token)
        wrappers.append(pick("wrappers.vault", "VaultWrapper")(settings.vault, token, settings.vault_key))
    local = pick("wrappers.local", "LocalWrapper")
    if settings.key is not None:
        wrappers.append(local(_key_of(settings.key), "environment", random))
    if not wrappers or key_file.exists():
        key = pick("ciphers.aesgcm", "load_or_make_key")(key_file, random, holds_data=holds_data)
        wrappers.append(local(key, "file", random))
        earlier = pick("ciphers.aesgcm", "AesGcmCipher")(key, random)
    ring = pick("ciphers.ring", "DataKeys")(store, wrappers, clock, random)
    return Sealing(ring, pick("ciphers.envelope", "EnvelopeCipher")(ring, earlier, random))


def _key_of(text: SecretStr) -> bytes:
    try:
        return cast("bytes", pick("wrappers.local", "key_of")(text.get_secret_value()))
    except ValueError as problem:
        raise SettingsContradict(
            f"MAINSTAY_KEY is no key: {problem}. Make one with `openssl rand -base64 32`."
        ) from None


def signer(settings: Settings, random: Random, name: str = "audit.key") -> Signer:
    """Pick who signs the audit; the key is made at the first start."""
    return cast("Signer", pick("signers.ed25519", "load_or_make_signer")(settings.data / name, random))


def verifier(public_key: str) -> Verifier:
    """Pick what checks signatures of a public key; raises ValueError when it is none."""
    return cast("Verifier", pick("signers.ed25519", "verifier")(public_key))


def tokens(sealing: Cipher) -> Tokens:
    """Pick who signs tokens."""
    return cast("Tokens", pick("tokens.jose", "JoseTokens")(sealing))


def vectors(settings: Settings) -> Vectors:
    """Pick the vector index."""
    if settings.vectors == "pgvector":
        return cast("Vectors", pick("vectors.pgvector", "PgvectorVectors")(settings.database))
    engine = pick("vectors.qdrant_edge", "QdrantEdgeVectors")
    try:
        return cast("Vectors", engine(settings.data / "vectors", shards_open_max=settings.shards_open_max))
    except VectorsUnavailable:  # it belongs to one process alone
        raise taken(settings.data, neighbour(settings.data)) from None


def encoder(settings: Settings, progress: Progress) -> Encoder:
    """Pick the encoder, and fetch and build it when there is none yet."""
    if _is_url(settings.encoder):
        engine = pick("encoder.openai", "OpenAIEncoder")
        return cast(
            "Encoder",
            engine(
                settings.encoder,
                _secret(settings.encoder_key),
                settings.encoder_model,
                settings.encoder_dimensions,
                languages=_languages(settings.encoder_languages or "*"),
            ),
        )
    named = settings.encoder_languages
    languages = _languages(named) if named else None
    folder = encoder_folder(settings, progress)
    engine = pick("encoder.onnx", "OnnxEncoder")
    return cast("Encoder", engine(folder, threads=settings.encoder_threads or None, languages=languages))


def _languages(named: str) -> frozenset[str]:
    try:
        return cast("frozenset[str]", pick("encoder.languages", "languages_of")(named, strict=True))
    except ValueError as unknown:
        raise SettingsContradict(
            f"MAINSTAY_ENCODER_LANGUAGES names {unknown}, which is no language: name codes of ISO 639, "
            "such as `en,de`, languages in English, or `*` for every one."
        ) from None


def encoder_folder(settings: Settings, progress: Progress) -> Path:
    """Give the folder of the encoder, fetched and built when there is none yet."""
    find = pick("encoder.fetch", "find_or_build")
    folder: Path = find(settings.encoder or None, settings.data, progress, hub_url=settings.hub_url or None)
    return folder


def reader(settings: Settings, encoder: Encoder, progress: Progress) -> Reader:
    """Pick the reader; its heads share the encoder's model where they were trained upon it."""

    def make() -> Reader:
        kind, heads = pick("readers.heads", "HeadsReader"), settings.heads or pick("readers.heads", "TRAINED")
        own = isinstance(encoder, pick("encoder.onnx", "OnnxEncoder"))
        if own and encoder.name in pick("readers.stored", "encoders_of")(heads):
            here = cast("Any", encoder)
            return cast("Reader", kind(here.folder, heads, model=here.model))
        folder = pick("encoder.fetch", "find_or_build")(None, settings.data, progress)
        return cast("Reader", kind(folder, heads))

    return cast("Reader", pick("readers.late", "LateReader")(make))


def generator() -> Generator:
    """Pick what quotes; where a generator is set, generation writes instead."""
    return cast("Generator", pick("generator.extractive", "ExtractiveGenerator")())


def chats(settings: Settings) -> Chats:
    """Pick the generators that hold conversations; raises SettingsContradict."""
    return chats_of(settings, pick)


def schemas() -> Schemas:
    """Pick what checks values against JSON Schemas."""
    return cast("Schemas", pick("schemas.jsonschema", "JsonSchemas")())


def reranker(settings: Settings) -> Reranker:
    """Pick the reranker."""
    if _is_url(settings.reranker):
        engine = pick("rerankers.cohere", "CohereReranker")
        key = _secret(settings.reranker_key)
        return cast("Reranker", engine(settings.reranker, key, settings.reranker_model))
    if settings.reranker != "none":
        return cast("Reranker", pick("rerankers.onnx", "OnnxReranker")(Path(settings.reranker)))
    return cast("Reranker", pick("rerankers.none", "NoReranker")())


def blobs(settings: Settings, sealing: Cipher) -> Blobs:
    """Pick the blob store."""
    return cast("Blobs", pick("blobs.disk", "DiskBlobs")(settings.data / "blobs", sealing))


def parser(settings: Settings) -> Parser:
    """Pick the parser."""
    engine = pick("parsers.kreuzberg", "KreuzbergParser")
    return cast(
        "Parser",
        engine(
            processes=settings.parser_processes,
            seconds_max=settings.parser_seconds_max,
            file_bytes_max=settings.upload_mb_max * _MB,
        ),
    )


def fetcher(settings: Settings) -> Fetcher:
    """Pick the fetcher."""

    def make() -> Fetcher:
        return cast("Fetcher", pick("fetchers.http", "HttpFetcher")(allow_private=settings.fetch_private))

    return cast("Fetcher", pick("fetchers.late", "LateFetcher")(make))


def assertions() -> Assertions:
    """Pick what reads SAML."""
    return cast("Assertions", pick("assertions.saml", "SamlAssertions")())


def id_tokens() -> IdTokens:
    """Pick what verifies ID tokens."""
    return cast("IdTokens", pick("id_tokens.jose", "JoseIdTokens")())


def languages() -> Languages:
    """Pick the language detector."""
    return cast("Languages", pick("languages.ensemble", "EnsembleLanguages")())


def personal_data() -> PersonalData:
    """Pick the finder of personal data."""
    return cast("PersonalData", pick("personal_data.rules", "RulesPersonalData")())


def translator() -> Translator:
    """Pick the translator."""
    return cast("Translator", pick("translators.apertium", "ApertiumTranslator")())


def learner() -> Learner:
    """Pick what fits classifiers."""
    return cast("Learner", pick("learners.apart", "LearnerApart")())


def glosses(settings: Settings) -> Glosses:
    """Pick the dictionaries."""
    if settings.glosses is None:
        return cast("Glosses", pick("glosses.none", "NoGlosses")())
    return cast("Glosses", pick("glosses.freedict", "FreedictGlosses")(settings.glosses))


def bus() -> Bus:
    """Pick the bus."""
    return cast("Bus", pick("bus.memory", "MemoryBus")())


def cache(settings: Settings, clock: Clock) -> Cache:
    """Pick the cache; raises SettingsContradict when the library for a shared one is not installed."""
    own = cast("Cache", pick("cache.memory", "MemoryCache")(clock))
    if settings.cache == "memory":
        return own
    try:
        shared = pick("cache.redis", "RedisCache")(settings.cache)
    except ModuleNotFoundError:
        raise SettingsContradict(
            "MAINSTAY_CACHE names a Redis; run pip install '.[redis]' in the checkout"
        ) from None
    except ValueError:
        raise SettingsContradict(
            "MAINSTAY_CACHE is no address of a Redis; write `redis://host:6379/0` or `rediss://…`."
        ) from None
    return cast("Cache", pick("cache.enduring", "EnduringCache")(shared, own, clock))


def passwords(random: Random) -> PasswordHasher:
    """Pick the password hasher."""
    return cast("PasswordHasher", pick("passwords.argon2", "Argon2Passwords")(random))


def breaches(settings: Settings) -> Breaches:
    """Pick the list of breached passwords."""
    if settings.breached_passwords is None:
        return cast("Breaches", pick("breaches.bundled", "BundledBreaches")())
    return cast("Breaches", pick("breaches.file", "FileBreaches")(settings.breached_passwords))


def mailer(settings: Settings, clock: Clock, random: Random) -> Mailer:
    """Pick the mailer; raises SettingsContradict when the server or the sender cannot be read."""
    url = settings.mail.get_secret_value()
    try:
        letters = pick("mailers.letters", "Letters")(settings.mail_from or _UNSET_SENDER, clock, random)
    except MailRefused as refusal:
        raise SettingsContradict(f"MAINSTAY_MAIL_FROM: {refusal.detail}") from None
    kept = settings.mail_folder
    if settings.keeps_mails:
        return cast("Mailer", pick("mailers.folder", "FolderMailer")(kept, letters, clock, random))
    try:
        server = pick("mailers.addresses", "mail_server")(url)
    except ValueError as unusable:
        raise SettingsContradict(f"MAINSTAY_MAIL is no address of a mail server: {unusable}.") from None
    if not settings.mail_from:
        raise SettingsContradict("MAINSTAY_MAIL names a server; name the sender in MAINSTAY_MAIL_FROM too.")
    return cast("Mailer", pick("mailers.smtp", "SmtpMailer")(server, letters, earlier=kept))


def passkeys() -> Passkeys:
    """Pick what checks passkeys."""
    return cast("Passkeys", pick("passkeys.webauthn", "WebauthnPasskeys")())
