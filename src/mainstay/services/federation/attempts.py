"""A sign-in that has begun: kept, sealed, by the browser that began it, and not by the server.

So strangers who only begin leave nothing behind, and whoever comes back from an identity provider is the one
who was sent there.
"""

import json
from dataclasses import asdict, dataclass
from hmac import compare_digest

from mainstay.services.federation.failures import AttemptEnded

ATTEMPT_MS = 10 * 60 * 1000
AGAIN = "Begin the sign-in again, in one browser, and end it within ten minutes."


@dataclass(frozen=True)
class Begun:
    """What has to be known when the browser comes back.

    `state` names the sign-in at the provider: the state of OpenID Connect, the request's id of SAML.
    """

    connection_id: str
    state: str
    nonce: str
    verifier: str
    return_to: str
    expires_ms: int

    def packed(self) -> bytes:
        """Write it down, to be sealed."""
        return json.dumps(asdict(self)).encode()

    def check(self, connection_id: str, state: str | None, now_ms: int) -> None:
        """Make sure that it is of this connection, lasts, and has this name if one is given.

        Raises AttemptEnded.
        """
        other = state is not None and not compare_digest(self.state.encode(), state.encode())
        if other or self.connection_id != connection_id or self.expires_ms <= now_ms:
            raise AttemptEnded(AGAIN)


def unpacked(content: bytes) -> Begun:
    """Read what was written down."""
    return Begun(**json.loads(content))
