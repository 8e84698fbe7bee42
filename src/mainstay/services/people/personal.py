"""The one room where personal data is sealed and opened; all else of this service sees sealed bytes."""

from mainstay.ports.ciphers import PersonalCipher
from mainstay.services.people.addresses import addressed

EMAIL, NEW_EMAIL = "people.email", "codes.email"
ADDRESS, AGENT = "sessions.address", "sessions.agent"
APP_SECRET = "authenticator_apps.secret"  # noqa: S105 - the name of a column
PASSKEY_NAME = "passkeys.name"
_PURPOSE = "person"


def name_column(tenant_id: str) -> str:
    """Give the column to which a member's name is bound: each tenant calls a person as it likes."""
    return f"members.name.{tenant_id}"


def place(person_id: str, column: str) -> tuple[str, ...]:
    """Give what a text of a person is bound to."""
    return _PURPOSE, person_id, column


class Personal:
    """Seals what is told of a person, each value bound to the person and to its column.

    Awaited although the cipher has its key at hand: a key of each person's own would have to be looked up.
    """

    def __init__(self, cipher: PersonalCipher) -> None:
        """Take the cipher."""
        self._cipher = cipher

    async def seal(self, person_id: str, column: str, text: str) -> bytes:
        """Seal a text of a person."""
        return self._cipher.seal(text.encode(), place(person_id, column))

    async def open(self, person_id: str, column: str, sealed: bytes) -> str:
        """Open a text of a person; raises CipherUnavailable."""
        return self._cipher.open(sealed, place(person_id, column)).decode()

    async def index(self, email: str) -> str:
        """Give what an e-mail address is found by: the keyed HMAC-SHA-256 of its one form."""
        return self._cipher.blind(addressed(email).encode(), (_PURPOSE, "email")).hex()

    async def recovery_index(self, person_id: str, code: str) -> str:
        """Give what a recovery code is stored as: keyed, for 50 bits could be tried without the key."""
        return self._cipher.blind(code.encode(), (_PURPOSE, person_id, "recovery code")).hex()

    async def handle(self, person_id: str) -> bytes:
        """Give what a person is called in her passkeys: 32 bytes that say nothing about her."""
        return self._cipher.blind(person_id.encode(), (_PURPOSE, "passkey"))

    async def challenged(self, said: bytes) -> bytes:
        """Give what shows that a challenge was given out here."""
        return self._cipher.blind(said, (_PURPOSE, "challenge"))

    async def place(self, household: str) -> str:
        """Give what stands for a household of addresses without telling it."""
        return self._cipher.blind(household.encode(), (_PURPOSE, "place")).hex()
