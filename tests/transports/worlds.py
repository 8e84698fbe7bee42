"""A tenant as the doors find it, and how one of its operations is tried."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from transports.real_house import Running
from transports.sign_on_samples import SAML

Values = dict[str, Any]
COLLECTION = "handbook"
DOC = "keys"
ROLE = "crew"
PHRASE = "violet tractor sings at dawn"
NUMBERS = itertools.count()
NOWHERE = "nothing_like_this"


@dataclass(frozen=True)
class World:
    """What stands in a tenant before the doors are tried."""

    running: Running
    key: str
    tenant_id: str
    key_id: str
    job_id: str
    faq_id: str
    user_id: str
    client_id: str
    connection_id: str
    secrets: dict[str, str] = field(default_factory=dict)
    role: str = ROLE
    groups: tuple[str, ...] = ()

    def call(self, name: str, /, **values: Any) -> Any:
        """Call an operation as this tenant's administrator."""
        return self.running.call(name, as_key=self.key, **values)

    def mailed(self, email: str) -> str:
        """Give the code of the last mail to an address."""
        self.running.calm()
        return self.running.mails.code(email)

    def joined(self, email: str = "") -> Values:
        """Let a new person join; give the session, and remember its secret by its id."""
        email = email or f"{next(NUMBERS)}.joined@example.com"
        self.call("people.create_user", email=email, name="A member")
        made: Values = self.call("people.accept_invitation", code=self.mailed(email), password=PHRASE)
        self.secrets[made["session_id"]] = made["secret"]
        return made


def furnished(running: Running, key: str, tenant_id: str, word: str = "Ferry") -> World:
    """Fill a tenant with a document, a question, a job and a key."""

    def call(name: str, /, **values: Any) -> Any:
        return running.call(name, as_key=key, **values)

    call("identity.create_role", name=ROLE, permissions=["jobs:read"])
    spare = call("identity.create_key", name=f"{word} spare", role=ROLE)
    texts = {
        DOC: f"{word} keys are shown once. To rotate a key, make a new one.",
        "other": f"{word} tickets.",
    }
    for doc_id, text in texts.items():
        call("knowledge.add_document", collection=COLLECTION, doc_id=doc_id, text=text, wait=True)
    receipt = call(
        "knowledge.add_document",
        collection=COLLECTION,
        doc_id="private",
        text=f"{word} payroll.",
        groups=["board"],
    )
    running.calm()
    faq = call("knowledge.add_faq", collection=COLLECTION, question=f"Where is the {word}?", answer="Here.")
    running.calm()
    user = call("people.create_user", email=f"{word}@example.com".casefold(), name=f"{word} master")
    app = call("authorization.create_client", name=f"{word} import", role="user")
    made = call("federation.create_connection", name=word, **SAML, mapping={"default_role": "user"})
    ids = (
        spare["key_id"],
        receipt["job_id"],
        faq["faq_id"],
        user["id"],
        app["client_id"],
        made["connection_id"],
    )
    return World(running, key, tenant_id, *ids)


def administrators(world: World, _values: Values) -> str:
    return world.key


def members(world: World, values: Values) -> str:
    """Give the secret of the session that is named, or that of somebody who has just joined."""
    return world.secrets.get(values.get("session_id", "")) or world.joined()["secret"]


@dataclass(frozen=True)
class Sample:
    """How an operation is tried.

    `good` makes values that succeed; it may prepare what the call uses up, and `mark` is another word at each
    call. `wrong` breaks a limit, and `missing` names what is not there (none: the operation names nothing).
    `key` gives with what it is called.
    """

    good: Callable[[World, str], Values]
    wrong: Mapping[str, Any] | None = None
    missing: Mapping[str, Any] | None = None
    key: Callable[[World, Values], str] = administrators


def plain(**values: Any) -> Callable[[World, str], Values]:
    return lambda _world, _mark: dict(values)


def own_audit(**values: Any) -> Callable[[World, str], Values]:
    return lambda world, _mark: {**values, "tenant": world.tenant_id}
