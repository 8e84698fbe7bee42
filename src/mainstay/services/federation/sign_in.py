"""Sign-ins: a browser is sent to an identity provider, comes back, and what it brings is verified."""

import base64
import binascii
import hashlib
from collections.abc import Mapping as Claims
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mainstay.kernel.caller import house
from mainstay.kernel.work import become, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.ports.assertions import Assertions
from mainstay.ports.ciphers import Cipher, CipherUnavailable
from mainstay.services.federation import oidc, saml
from mainstay.services.federation.addresses import Addresses
from mainstay.services.federation.attempts import AGAIN, ATTEMPT_MS, Begun, unpacked
from mainstay.services.federation.connections import Connections
from mainstay.services.federation.failures import AttemptEnded, ConnectionMissing, SignInRefused
from mainstay.services.federation.mapping import first_of
from mainstay.services.federation.providers import Exchange, Providers
from mainstay.services.federation.records import ClaimMapping, Started
from mainstay.services.federation.store import ConnectionRow, FederationLookup, FoundConnection

_EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_SCOPE = "openid email profile"
_SECRET_BYTES = 32
_SEALED = ("sso_attempts",)


@dataclass(frozen=True)
class Proven:
    """What an identity provider has proven of somebody, and what must not be presented again until when."""

    subject: str
    email: str
    claims: Claims[str, Any]
    used: Claims[str, int]
    begun: Begun


class SignIns:
    """Begins and verifies sign-ins."""

    def __init__(
        self,
        lookup: FederationLookup,
        connections: Connections,
        providers: Providers,
        assertions: Assertions,
        addresses: Addresses,
        cipher: Cipher,
        clock: Clock,
        random: Random,
    ) -> None:
        """Take the parts."""
        self._lookup = lookup
        self._connections = connections
        self._providers = providers
        self._assertions = assertions
        self._addresses = addresses
        self._cipher = cipher
        self._clock = clock
        self._random = random

    async def connection(
        self, connection_id: str, kinds: Sequence[str] = ("oidc", "saml")
    ) -> FoundConnection:
        """Find a connection by which somebody may come now; raises ConnectionMissing."""
        row = await self._lookup.find(connection_id)
        if row is None or row.state == "disabled" or row.kind not in kinds:
            raise ConnectionMissing("Ask the administrator who sent you here for the present address.")
        note_target(connection_id)
        return row

    async def start(self, connection_id: str, return_to: str) -> Started:
        """Begin; give where the browser goes."""
        row = await self.connection(connection_id)
        begun = self._begun(connection_id, return_to)
        url = await self._oidc_url(row, begun) if row.kind == "oidc" else self._saml_url(row, begun)
        attempt = oidc.encoded(self._cipher.seal(begun.packed(), _SEALED))
        return Started(url=url, attempt=attempt, state=begun.state, expires_ms=begun.expires_ms)

    def _begun(self, connection_id: str, return_to: str) -> Begun:
        """Begin a sign-in; its state begins with a letter, as ids in XML have to."""
        state, nonce, verifier = (oidc.encoded(self._random.token(_SECRET_BYTES)) for _ in range(3))
        return Begun(
            connection_id=connection_id,
            state=f"s{state}",
            nonce=nonce,
            verifier=verifier,
            return_to=return_to,
            expires_ms=self._clock.now_ms() + ATTEMPT_MS,
        )

    def _opened(self, attempt: str, connection_id: str, state: str | None) -> Begun:
        """Read a sign-in of this connection, by this name if one is given; raises AttemptEnded."""
        try:
            sealed = base64.b64decode(attempt + "=" * (-len(attempt) % 4), altchars=b"-_", validate=True)
            begun = unpacked(self._cipher.open(sealed, _SEALED))
        except (binascii.Error, CipherUnavailable):
            raise AttemptEnded(AGAIN) from None
        begun.check(connection_id, state, self._clock.now_ms())
        return begun

    async def _oidc_url(self, row: ConnectionRow, begun: Begun) -> str:
        provider = await self._providers.discover(row.issuer)
        return oidc.with_query(
            provider.authorization_url,
            {
                "response_type": "code",
                "client_id": row.client_id,
                "redirect_uri": self._addresses.redirect_uri(row.connection_id),
                "scope": _SCOPE,
                "state": begun.state,
                "nonce": begun.nonce,
                "code_challenge": oidc.challenge_of(begun.verifier),
                "code_challenge_method": "S256",
            },
        )

    def _saml_url(self, row: ConnectionRow, begun: Begun) -> str:
        request = saml.request(self._expected(row, begun), row.sign_in_url)
        return oidc.with_query(row.sign_in_url, {"SAMLRequest": request, "RelayState": begun.state})

    def _expected(self, row: ConnectionRow, begun: Begun) -> saml.Expected:
        return saml.Expected(
            issuer=row.issuer,
            entity_id=self._addresses.entity_id(row.connection_id),
            acs_url=self._addresses.acs_url(row.connection_id),
            request_id=begun.state,
            now_ms=self._clock.now_ms(),
        )

    async def by_oidc(
        self, row: FoundConnection, attempt: str, code: str, state: str, iss: str | None
    ) -> Proven:
        """Verify what an OpenID Connect provider sent."""
        begun = self._opened(attempt, row.connection_id, state)
        become(house(row.tenant_id, "federation"))
        provider = await self._providers.discover(row.issuer)
        if (iss is None and provider.names_itself) or iss not in {None, row.issuer}:
            raise SignInRefused(
                "The answer is another identity provider's than the one that was asked. Sign in again."
            )
        given = await self._providers.exchange(
            provider,
            Exchange(
                client_id=row.client_id,
                client_secret=self._connections.secret(row),
                code=code,
                verifier=begun.verifier,
                redirect_uri=self._addresses.redirect_uri(row.connection_id),
            ),
        )
        token = await self._providers.verified(provider, given.id_token)
        expected = oidc.Expected(row.issuer, row.client_id, begun.nonce, self._clock.now_ms())
        subject = oidc.check(token, expected, given.access_token)
        email = first_of(token.claims, ClaimMapping.model_validate_json(row.mapping).email_claim)
        if token.claims.get("email_verified") in (False, "false"):
            email = ""
        return Proven(subject, email, token.claims, _once(begun), begun)

    def by_saml(self, row: FoundConnection, attempt: str, saml_response: str) -> Proven:
        """Verify what a SAML identity provider sent."""
        begun = self._opened(attempt, row.connection_id, None)
        become(house(row.tenant_id, "federation"))
        try:
            document = base64.b64decode("".join(saml_response.split()), validate=True)
        except binascii.Error:
            raise SignInRefused("The answer is not in base 64. Sign in again.") from None
        expected = self._expected(row, begun)
        saml.check_envelope(self._assertions.envelope(document), expected)
        assertion = self._assertions.assertion(document, row.certificates)
        subject = saml.check(assertion, expected)
        name = hashlib.sha256(f"{assertion.issuer}\n{assertion.assertion_id}".encode()).hexdigest()
        used = {**_once(begun), f"assertion:{name}": saml.valid_until_ms(assertion, expected)}
        claims = {**assertion.attributes, "NameID": subject}
        email = first_of(claims, ClaimMapping.model_validate_json(row.mapping).email_claim)
        if not email and assertion.name_id_format == _EMAIL_FORMAT:
            email = subject
        return Proven(subject, email, claims, used, begun)


def _once(begun: Begun) -> dict[str, int]:
    return {f"attempt:{begun.state}": begun.expires_ms}
