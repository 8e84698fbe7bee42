"""Everything an operator may set: `MAINSTAY_…` variables, or options of `mainstay serve`."""

import difflib
import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from mainstay.app.generators import GeneratorName, GeneratorSettings
from mainstay.kernel.address import url_of

ADMIN_KEY_LENGTH_MIN = 32
MAIL_IN_FILES = "folder"
_NEAR = 0.9


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(env_prefix="MAINSTAY_", extra="ignore", env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the base class gives it by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class gives it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class gives it by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments and the environment; there are no files, and asking for them takes as long."""
        return init_settings, env_settings

    data: Path = Field(Path("data"), description="The folder of everything that is kept.")
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    public_url: str = Field(
        "",
        max_length=200,
        pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$",
        description="The address at which others reach the server: links in mails and tokens name it; "
        "empty: host and port.",
    )
    session_idle_minutes: int = Field(
        720, ge=5, le=525_600, description="After how many minutes without a request a session ends."
    )
    session_days: int = Field(
        14, ge=1, le=365, description="After how many days a session ends, used or not."
    )
    second_factor: Literal["optional", "required"] = Field(
        "optional",
        description="Whether people of all tenants have to have a second factor; a tenant may demand it too.",
    )
    admin_key: SecretStr | None = Field(
        None, description="The first administrator's API key, at least 32 characters; made if not set."
    )
    key: SecretStr | None = Field(
        None,
        description="What wraps the root keys, 32 bytes in Base64, in place of the file `secret.key`.",
    )
    vault: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="A Vault whose transit engine wraps the root keys, in place of a key here.",
    )
    vault_token: SecretStr | None = Field(None, description="The token for that Vault.")
    vault_key: str = Field(
        "mainstay", pattern=r"^[\w-]{1,64}$", description="The name of the key in Vault's transit engine."
    )
    rate_limit_per_minute: int = Field(
        1000, ge=1, le=1_000_000, description="Requests a minute for each key that has no limit of its own."
    )
    rate_limit_writes_per_minute: int = Field(
        0, ge=0, le=1_000_000, description="Writes a minute for each key; 0: as many as requests."
    )
    rate_limit_tenant_per_minute: int = Field(
        0,
        ge=0,
        le=100_000_000,
        description="Requests a minute for all keys of a tenant together; 0: no limit of that kind.",
    )
    rate_limit_strangers_per_minute: int = Field(
        120,
        ge=1,
        le=1_000_000,
        description="Requests a minute from one address (IPv6: one /64) to what needs no credentials.",
    )
    cache: str = Field(
        "memory",
        pattern=r"^(memory|rediss?://\S+)$",
        description="Where rate limits are counted: `memory` (each process for itself), or `redis://…` "
        "(all processes together).",
    )
    shedding_at_once: int = Field(
        32,
        ge=0,
        le=10_000,
        description="Requests in progress up to which none is refused for overload; 0: none ever is.",
    )
    shedding_slowdown: float = Field(
        1.5,
        ge=1.1,
        le=100,
        description="How many times as long as without load answers may take while requests are refused.",
    )
    tls_certificate: Path | None = Field(
        None,
        description="The server's certificate chain (PEM), for TLS 1.3; looked at again when it changes.",
    )
    tls_key: Path | None = Field(None, description="The certificate's key (PEM, without a password).")
    plain_connections: bool = Field(
        default=False,
        description="Speak with other machines without TLS, as server and as client; for closed networks.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses or networks of reverse proxies whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed, separated by commas; empty: none.",
    )
    database: str = Field("", description="`postgresql://…`; empty: SQLite in the data folder.")
    vectors: Literal["qdrant-edge", "pgvector"] = Field(
        "qdrant-edge", description="The vector index; `pgvector` lives in the PostgreSQL of `database`."
    )
    encoder: str = Field(
        "", description="A folder with a sentence-transformers or ONNX model, or an OpenAI-compatible URL."
    )
    hub_url: str = Field(
        "", description="The model hub from which `MAINSTAY_ENCODER=hf:owner/name@sha256` is fetched."
    )
    encoder_model: str = Field("", description="The model's name at an encoder URL.")
    encoder_dimensions: int = Field(384, ge=8, le=4096, description="The vectors' length at an encoder URL.")
    encoder_key: SecretStr | None = Field(None, description="The API key for an encoder URL.")
    encoder_languages: str = Field(
        "",
        description="Languages the encoder was trained on, as `en,de`, `eng,deu`, `English,German` or `*`; "
        "empty: those that its model card names, and every one at a URL.",
    )
    encoder_threads: int = Field(0, ge=0, le=256, description="Threads of the encoder; 0: one for each core.")
    heads: Path | None = Field(
        None,
        description="A folder with heads of one's own (`mainstay train-heads`), in place of those that "
        "Mainstay brings.",
    )
    generator: str = Field(
        "extractive", description="`extractive` (sentences of the sources) or an OpenAI-compatible URL."
    )
    generator_model: str = Field("", description="The model's name at a generator URL.")
    generator_key: SecretStr | None = Field(None, description="The API key for a generator URL.")
    generators: dict[GeneratorName, GeneratorSettings] = Field(
        {},
        description="Generators by name, as JSON: "
        '`{"small": {"url": "https://…/v1", "model": "…", "key": "…", "input_price": 0.1, '
        '"output_price": 0.4, "fallback": ["large"], "cache": {"mode": "exact"}}}`; '
        "the first is asked where none is named.",
        max_length=100,
    )
    answers_kept_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="How many days it is kept what generators were asked and answered; 0: not at all.",
    )
    reranker: str = Field(
        "none", description="`none`, a folder with a cross-encoder in ONNX, or a Cohere-shaped URL."
    )
    reranker_model: str = Field("", description="The model's name at a reranker URL.")
    reranker_key: SecretStr | None = Field(None, description="The API key for a reranker URL.")
    glosses: Path | None = Field(
        None,
        description="A folder with FreeDict dictionaries (dictd), for queries in another language "
        "than the documents.",
    )
    only: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Services to run here, separated by commas; empty: all."
    )
    remotes: dict[str, str] = Field(
        {}, description='Where the other services are, as JSON: `{"identity": "http://…:8081"}`.'
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Host names that the MCP and WebSocket doors answer to, separated by commas; empty: any.",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Web pages of other hosts that may call this server (CORS), its MCP and WebSocket "
        "doors, as `https://chat.example.com`, separated by commas.",
    )
    oauth_algorithm: Literal["ES256", "Ed25519", "RS256"] = Field(
        "ES256", description="How tokens are signed; it holds from the next signing key on."
    )
    oauth_access_minutes: int = Field(10, ge=1, le=60, description="How long an access token works.")
    oauth_refresh_days: int = Field(
        30, ge=1, le=366, description="How long an app may refresh its tokens before it is approved anew."
    )
    oauth_registration: bool = Field(
        default=False, description="Let apps register by themselves, as MCP clients do (RFC 7591)."
    )
    oauth_native_schemes: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Schemes of native apps' redirect addresses, as `com.example.app`, by commas."
    )
    oauth_key_days: int = Field(
        30, ge=1, le=366, description="How long a key signs tokens before the next one does."
    )
    body_mb_max: int = Field(32, ge=1, le=512, description="The largest JSON body.")
    upload_mb_max: int = Field(100, ge=1, le=1024, description="The largest file that may be uploaded.")
    mail: SecretStr = Field(
        SecretStr(MAIL_IN_FILES),
        description="Where mails go: `folder` (files in the data folder), `smtp://user:password@host:587` "
        "or `smtps://…`.",
    )
    mail_from: str = Field(
        "", description="The sender of mails, as `Name <name@example.com>`; needed for a mail server."
    )
    breached_passwords: Path | None = Field(
        None,
        description="The file of Pwned Passwords (SHA-1, ordered by hash), whose passwords are refused; not "
        "set: the 30,000 most common.",
    )
    jobs_kept_days: int = Field(
        7, ge=1, le=3650, description="How many days jobs are kept after they ended, failed ones too."
    )
    audit_kept_days: int = Field(
        0, ge=0, le=36_500, description="How many days entries of the audit are kept; 0: for ever."
    )
    usage_kept_days: int = Field(
        400,
        ge=1,
        le=36_500,
        description="How many days it is kept what each key used by day; by hour 35 days at most.",
    )
    parser_processes: int = Field(1, ge=1, le=64, description="Child processes that read files.")
    parser_seconds_max: int = Field(60, ge=1, le=3600, description="How long reading one file may take.")
    shards_open_max: int = Field(
        256, ge=1, le=1000, description="Vector indexes open at the same time; the longest unused are closed."
    )
    fetch_private: bool = Field(
        default=False, description="Let documents be fetched from private addresses; for closed networks."
    )
    metrics_log: bool = Field(default=False, description="Log each request with its time.")

    @property
    def listens_at(self) -> str:
        """Give the address where the server is to listen."""
        return url_of("http" if self.tls_certificate is None else "https", self.host, self.port)

    @property
    def keeps_mails(self) -> bool:
        """Say whether mails are written into files, for want of a mail server."""
        return self.mail.get_secret_value() == MAIL_IN_FILES

    @property
    def mail_folder(self) -> Path:
        """Give the folder in which mails are, or were, kept as files."""
        return self.data / "mail"

    @field_validator(
        "only", "allowed_hosts", "allowed_origins", "oauth_native_schemes", "trusted_proxies", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ipaddress.ip_network(each)
        return value

    @field_validator("admin_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < ADMIN_KEY_LENGTH_MIN:
            raise ValueError(
                f"Use at least {ADMIN_KEY_LENGTH_MIN} characters; make one with "
                "`python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`"
            )
        return value


def misspelt(environment: Iterable[str]) -> Iterator[str]:
    """Say which variables of an environment are nearly settings; who sets one of them means another."""
    known = [f"MAINSTAY_{name.upper()}" for name in Settings.model_fields]
    for name in sorted(each for each in environment if each.startswith("MAINSTAY_")):
        near = difflib.get_close_matches(name, known, 1, _NEAR)
        if near and near[0] != name:
            yield f"{name} is not a setting, and does nothing. Did you mean {near[0]}?"
