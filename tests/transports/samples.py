"""Values for every operation of the house: good ones, wrong ones, and ones that name what is not there."""

import base64
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mainstay.kernel.discovery import found_in
from mainstay.kernel.interface import Operation, Upload, operations_of
from mainstay.services.people import totp
from mainstay.services.people.failures import SecondFactorNeeded
from transports.real_house import NO_PAGE, Running
from transports.sign_on_samples import SAML, sign_on_samples

Values = dict[str, Any]
COLLECTION = "handbook"
DOC = "keys"
ROLE = "crew"
PHRASE = "violet tractor sings at dawn"
_NUMBERS = itertools.count()
NOWHERE = "nothing_like_this"
OPERATIONS: dict[str, Operation] = {
    operation.full_name: operation
    for package in ("mainstay.services", "mainstay.verticals")
    for found in found_in(package).values()
    for operation in operations_of(found.load())
}


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
        email = email or f"{next(_NUMBERS)}.joined@example.com"
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


def _administrators(world: World, _values: Values) -> str:
    return world.key


def _members(world: World, values: Values) -> str:
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
    key: Callable[[World, Values], str] = _administrators


def _plain(**values: Any) -> Callable[[World, str], Values]:
    return lambda _world, _mark: dict(values)


def _own_audit(**values: Any) -> Callable[[World, str], Values]:
    return lambda world, _mark: {**values, "tenant": world.tenant_id}


def _logged_request(world: World, _mark: str) -> Values:
    """Log one request, once: what is read must stay the same at every door."""
    found = world.call("observability.search_requests", operation="identity.whoami", limit=1)["requests"]
    if not found:
        only = ["identity.whoami"]
        world.call("observability.set_request_settings", log_requests=True, operations=only)
        world.call("identity.whoami")
        world.call("observability.set_request_settings", log_requests=False)
        world.running.do(world.running.house.recording.flush())
        found = world.call("observability.search_requests", operation="identity.whoami", limit=1)["requests"]
    return {"number": found[0]["number"]}


def _gone_document(world: World, mark: str) -> Values:
    world.call(
        "knowledge.add_document", collection=COLLECTION, doc_id=f"gone {mark}", text="Gone.", wait=True
    )
    return {"doc_id": f"gone {mark}"}


def _gone_collection(world: World, mark: str) -> Values:
    world.call("knowledge.create_collection", name=f"gone {mark}")
    return {"name": f"gone {mark}"}


def _gone_faq(world: World, mark: str) -> Values:
    made = world.call("knowledge.add_faq", collection=COLLECTION, question=f"Gone {mark}?", answer="Yes.")
    return {"faq_id": made["faq_id"]}


def _exported(world: World, _mark: str) -> Values:
    asked = world.call("privacy.export_person", subject="user_1")
    world.running.calm()
    return {"request_id": asked["request_id"]}


def _gone_key(world: World, mark: str) -> Values:
    return {"key_id": world.call("identity.create_key", name=f"gone {mark}")["key_id"]}


def _gone_role(world: World, mark: str) -> Values:
    name = f"gone-{re.sub('[^a-z0-9_-]', '-', mark)}"
    world.call("identity.create_role", name=name, permissions=["jobs:read"])
    return {"name": name}


def _user(world: World, mark: str, what: str) -> Values:
    email = f"{re.sub('[^a-z0-9]', '-', mark)}.{what}@example.com"
    found = world.call("people.list_users", q=email)  # users stay: one that was there before does as well
    return {"user_id": (found or [world.call("people.create_user", email=email, name=f"u {mark}")])[0]["id"]}


def _gone_user(world: World, mark: str) -> Values:
    return _user(world, mark, "gone")


def _waiting_user(world: World, mark: str) -> Values:
    return _user(world, mark, "waiting")


def _credentials(world: World, _mark: str) -> Values:
    email = f"{next(_NUMBERS)}.signs@example.com"
    world.joined(email)
    return {"email": email, "password": PHRASE}


def _invitation(world: World, _mark: str) -> Values:
    email = f"{next(_NUMBERS)}.invited@example.com"
    world.call("people.create_user", email=email, name="Invited")
    return {"code": world.mailed(email), "password": PHRASE}


def _second_session(world: World, mark: str) -> Values:
    """Sign somebody in twice; the first session ends the second."""
    credentials = _credentials(world, mark)
    second = world.call("people.sign_in", **credentials)
    world.secrets[second["session_id"]] = world.call("people.sign_in", **credentials)["secret"]
    return {"session_id": second["session_id"]}


def _reset(world: World, _mark: str) -> Values:
    email = _credentials(world, "")["email"]
    world.call("people.request_password_reset", email=email)
    return {"code": world.mailed(email), "password": PHRASE}


def _new_address(world: World, _mark: str) -> Values:
    email = f"{next(_NUMBERS)}.moves@example.com"
    world.running.call("people.change_email", as_key=world.joined()["secret"], email=email, password=PHRASE)
    return {"code": world.mailed(email)}


def _begun_app(world: World, email: str = "") -> Values:
    """Begin to set up an app for somebody who has just joined; give its code, and remember whose it is."""
    secret: str = world.joined(email)["secret"]
    begun = world.running.call("people.begin_app", as_key=secret, password=PHRASE)
    step = world.running.house.clock.now_ms() // 30_000
    code = totp.code_at(base64.b32decode(begun["secret"]), step)
    world.secrets[code] = secret
    return {"code": code}


def _recovery_code(world: World, email: str = "") -> Values:
    """Set up an app for somebody who has just joined; give a recovery code, and remember whose it is."""
    begun = _begun_app(world, email)
    secret = world.secrets[begun["code"]]
    made = world.running.call("people.confirm_app", as_key=secret, **begun)
    code: str = made["recovery_codes"][0]
    world.secrets[code] = secret
    return {"code": code}


def _owners(world: World, values: Values) -> str:
    """Give the secret of the session of whose app a code is."""
    return world.secrets.get(str(values.get("code", ""))) or world.joined()["secret"]


def _pending_sign_in(world: World, _mark: str) -> Values:
    email = f"{next(_NUMBERS)}.pending@example.com"
    code = _recovery_code(world, email)
    try:
        world.call("people.sign_in", email=email, password=PHRASE)
    except SecondFactorNeeded as needed:
        return {**code, "pending_token": needed.problems[0]["pending_token"]}
    raise AssertionError(email)


def _gone_client(world: World, mark: str) -> Values:
    made = world.call("authorization.create_client", name=f"gone {mark}", scopes=["jobs:read"])
    return {"client_id": made["client_id"]}


def _client_of_its_own(world: World, mark: str) -> Values:
    made = world.call("authorization.create_client", name=f"own {mark}", scopes=["jobs:read"])
    return {name: made[name] for name in ("client_id", "client_secret")}


_BACK = "https://app.example.com/back"
_VERIFIER = "a-code-verifier-of-the-tests-that-is-long-enough"
_CHALLENGE = "hMhPZb4qGN7Yf0tL-c8-NeLaqN7EPBmpNgvqwycYRVk"


def _app(world: World, mark: str) -> Values:
    made = world.call(
        "authorization.create_client", name=f"app {mark}", redirect_uris=[_BACK], confidential=False
    )
    return {"client_id": made["client_id"], "redirect_uri": _BACK}


def _asked(world: World, mark: str) -> Values:
    return {**_app(world, mark), "code_challenge": _CHALLENGE, "code_challenge_method": "S256"}


def _coded(world: World, mark: str) -> Values:
    asked = {**_asked(world, mark), "scope": "openid jobs:read"}
    approved = world.call("authorization.approve_authorization", **asked)
    named = {name: asked[name] for name in ("client_id", "redirect_uri")}
    return {**named, "code": approved["authorization_code"], "code_verifier": _VERIFIER}


def _redeemed(world: World, mark: str) -> Values:
    told: Values = world.call("authorization.redeem_code", **_coded(world, mark))
    return told


def _approved(world: World, mark: str) -> Values:
    _redeemed(world, mark)
    newest = world.call("authorization.list_authorizations")[0]
    return {"authorization_id": newest["authorization_id"]}


def _other_tenant(world: World, mark: str) -> Values:
    made = world.running.call("identity.create_tenant", name=f"other {mark}")
    return {"tenant_id": made["tenant_id"]}


_DOCUMENT = {"collection": COLLECTION, "metadata": {"year": 2026, "tags": ["a", "ü"]}, "wait": True}
_QUESTION = {"question": "How do I rotate a key?", "doc_ids": [DOC]}
_LONG = "x" * 101
_END = "2031-01-31T12:00:00+01:00"
_UPLOAD = Upload("note.txt", "text/plain", "A note about the ferry – ü.".encode())

SAMPLES: dict[str, Sample] = {
    "gateway.get_usage": Sample(
        _plain(since="2026-11-01", until="2026-11-02", by="hour", split="both", limit=2), {"limit": 1001}
    ),
    "gateway.get_tenant_usage": Sample(
        lambda world, _: {"tenant_id": world.tenant_id, "since": "2026-11-01", "until": "2026-11-02"},
        {"by": "week", "tenant_id": "a"},
        {"tenant_id": NOWHERE},
    ),
    "gateway.get_quotas": Sample(_plain()),
    "gateway.get_tenant_quotas": Sample(
        lambda world, _: {"tenant_id": world.tenant_id}, {"tenant_id": "no id!"}, {"tenant_id": NOWHERE}
    ),
    "gateway.replace_tenant_quotas": Sample(
        lambda world, mark: {
            **_other_tenant(world, f"quotas {mark}"),
            "requests_per_day": 1000,
            "operations_per_minute": {"knowledge.answer": 60},
        },
        {"documents": -1, "tenant_id": "a"},
        {"tenant_id": NOWHERE},
    ),
    "authorization.create_client": Sample(
        lambda _, mark: {"name": f"app {mark}", "redirect_uris": ["https://app.example.com/back"]},
        {"redirect_uris": ["https://app.example.com/a b"]},
    ),
    "authorization.list_clients": Sample(_plain()),
    "authorization.get_client": Sample(
        lambda world, _: {"client_id": world.client_id}, {"client_id": "no id!"}, {"client_id": NOWHERE}
    ),
    "authorization.update_client": Sample(
        lambda world, mark: {**_gone_client(world, mark), "groups": ["board"]},
        {"groups": ["no group!"], "client_id": "a"},
        {"client_id": NOWHERE},
    ),
    "authorization.rotate_client": Sample(
        lambda world, mark: {**_gone_client(world, mark), "overlap_s": 60},
        {"overlap_s": -1, "client_id": "a"},
        {"client_id": NOWHERE},
    ),
    "authorization.delete_client": Sample(_gone_client, {"client_id": "no id!"}, {"client_id": NOWHERE}),
    "authorization.check_authorization": Sample(_app, {"scope": "jobs:read\n"}),
    "authorization.approve_authorization": Sample(_asked, {"code_challenge_method": "plain"}),
    "authorization.list_authorizations": Sample(_plain()),
    "authorization.revoke_authorization": Sample(
        _approved, {"authorization_id": "no id!"}, {"authorization_id": NOWHERE}
    ),
    "authorization.redeem_code": Sample(_coded, {"code_verifier": "short"}),
    "authorization.refresh_token": Sample(
        lambda world, mark: {"refresh_token": _redeemed(world, mark)["refresh_token"]},
        {"refresh_token": ""},
    ),
    "authorization.end_session": Sample(
        lambda world, mark: {"id_token_hint": _redeemed(world, mark)["id_token"]},
        {"id_token_hint": "x" * 4097},
    ),
    "authorization.get_userinfo": Sample(_plain()),
    "authorization.register_client": Sample(_plain(redirect_uris=[_BACK]), {"client_name": ""}),
    "authorization.grant_token": Sample(
        lambda world, mark: {**_client_of_its_own(world, mark), "scope": "jobs:read"},
        {"scope": "jobs:read\n"},
    ),
    "authorization.revoke_token": Sample(
        lambda world, mark: {**_client_of_its_own(world, mark), "token": "eyJ.no.token"},
        {"token": "x" * 4097},
    ),
    "authorization.introspect_token": Sample(
        lambda world, mark: {**_client_of_its_own(world, mark), "token": "eyJ.no.token"},
        {"token": "x" * 4097},
    ),
    "authorization.inspect_token": Sample(_plain(token="eyJ.no.token"), {"token": ""}),
    "authorization.get_keys": Sample(_plain()),
    "authorization.list_signing_keys": Sample(_plain()),
    "authorization.rotate_signing_keys": Sample(_plain(at_once=True, discard=True)),
    "identity.whoami": Sample(_plain()),
    "identity.create_key": Sample(
        lambda _, mark: {"name": f"k {mark}", "groups": ["board"], "expires_at": _END},
        {"name": _LONG},
        {"role": NOWHERE},
    ),
    "identity.list_keys": Sample(_plain(limit=2, after="key_0"), {"limit": 501}),
    "identity.get_key": Sample(
        lambda world, _: {"key_id": world.key_id}, {"key_id": "no id!"}, {"key_id": NOWHERE}
    ),
    "identity.update_key": Sample(
        lambda world, mark: {**_gone_key(world, mark), "limit_per_minute": None, "expires_at": _END},
        {"key_id": "no id!", "expires_at": "tomorrow"},
        {"key_id": NOWHERE},
    ),
    "identity.rotate_key": Sample(
        lambda world, mark: {**_gone_key(world, mark), "overlap_s": 60},
        {"overlap_s": -1, "key_id": "a"},
        {"key_id": NOWHERE},
    ),
    "identity.revoke_key": Sample(_gone_key, {"key_id": "no id!"}, {"key_id": NOWHERE}),
    "identity.list_permissions": Sample(_plain()),
    "identity.list_roles": Sample(_plain()),
    "identity.create_role": Sample(
        lambda _, mark: {"name": f"r-{re.sub('[^a-z0-9_-]', '-', mark)}", "permissions": ["documents:read"]},
        {"permissions": []},
    ),
    "identity.get_role": Sample(_plain(name="user"), {"name": "No Role"}, {"name": NOWHERE}),
    "identity.replace_role": Sample(
        _plain(name=ROLE, permissions=["jobs:read"], description="Ü."),
        {"permissions": ["everything"], "name": "a"},
        {"name": NOWHERE},
    ),
    "identity.delete_role": Sample(_gone_role, {"name": "No Role"}, {"name": NOWHERE}),
    "identity.get_tenant": Sample(
        lambda world, _: {"tenant_id": world.tenant_id}, {"tenant_id": "no id!"}, {"tenant_id": NOWHERE}
    ),
    "identity.update_tenant": Sample(
        lambda world, mark: {**_other_tenant(world, mark), "suspended": True, "limit_per_minute": 50},
        {"limit_per_minute": 0, "tenant_id": "a"},
        {"tenant_id": NOWHERE},
    ),
    "identity.create_tenant": Sample(lambda _, mark: {"name": f"t {mark}"}, {"name": _LONG}),
    "identity.list_tenants": Sample(_plain()),
    "identity.create_tenant_key": Sample(
        lambda world, mark: {"tenant_id": world.tenant_id, "name": f"k {mark}"},
        {"limit_per_minute": 0, "tenant_id": "a"},
        {"tenant_id": NOWHERE},
    ),
    "people.create_user": Sample(
        lambda _, mark: {
            "email": f"{re.sub('[^a-z0-9]', '-', mark)}@example.com",
            "name": f"Zoë {mark}",
            "groups": ["board"],
        },
        {"email": "nobody", "name": _LONG},
    ),
    "people.list_users": Sample(_plain(q="fer", role="user", state="invited", limit=2), {"limit": 501}),
    "people.get_user": Sample(
        lambda world, _: {"user_id": world.user_id}, {"user_id": "no id!"}, {"user_id": NOWHERE}
    ),
    "people.update_user": Sample(
        lambda world, mark: {**_gone_user(world, mark), "name": "Änne", "state": "deactivated"},
        {"user_id": "a", "state": "dismissed"},
        {"user_id": NOWHERE},
    ),
    "people.deactivate_user": Sample(_gone_user, {"user_id": "no id!"}, {"user_id": NOWHERE}),
    "people.invite_again": Sample(_waiting_user, {"user_id": "no id!"}, {"user_id": NOWHERE}),
    "people.sign_in": Sample(_credentials, {"email": "nobody", "password": ""}),
    "people.finish_sign_in": Sample(_pending_sign_in, {"pending_token": "no token!", "code": "12345"}),
    "people.list_factors": Sample(_plain(), key=_members),
    "people.begin_app": Sample(_plain(password=PHRASE), {"password": ""}, key=_members),
    "people.confirm_app": Sample(lambda world, _: _begun_app(world), {"code": "12345"}, key=_owners),
    "people.remove_app": Sample(
        lambda world, _: {**_recovery_code(world), "password": PHRASE}, {"code": "12345"}, key=_owners
    ),
    "people.make_recovery_codes": Sample(
        lambda world, _: {**_recovery_code(world), "password": PHRASE}, {"code": "12345"}, key=_owners
    ),
    "people.remove_user_factors": Sample(_gone_user, {"user_id": "no id!"}, {"user_id": NOWHERE}),
    "people.accept_invitation": Sample(_invitation, {"code": "", "password": "x" * 257}),
    "people.request_password_reset": Sample(_plain(email="nobody@example.com"), {"email": "a@b@c"}),
    "people.reset_password": Sample(_reset, {"code": "no code!", "password": "short"}),
    "people.confirm_email": Sample(_new_address, {"code": ""}),
    "people.list_sessions": Sample(_plain(), key=_members),
    "people.end_session": Sample(
        _second_session,
        {"session_id": "no id!"},
        {"session_id": NOWHERE},
        key=_members,
    ),
    "people.end_other_sessions": Sample(_plain(), key=_members),
    "people.list_memberships": Sample(_plain(), key=_members),
    "people.change_password": Sample(
        _plain(password=PHRASE, new_password="seven quiet lamps"), {"new_password": "short"}, key=_members
    ),
    "people.change_email": Sample(
        _plain(email="moves@example.com", password=PHRASE), {"email": "nobody"}, key=_members
    ),
    "jobs.get_job": Sample(
        lambda world, _: {"job_id": world.job_id, "wait_s": 1.5}, {"wait_s": 60.5}, {"job_id": NOWHERE}
    ),
    "jobs.list_jobs": Sample(_plain(limit=2), {"limit": 201}),
    "jobs.retry_job": Sample(
        lambda world, _: {"job_id": world.job_id}, {"job_id": "no id!"}, {"job_id": NOWHERE}
    ),
    "jobs.cancel_job": Sample(
        lambda world, _: {"job_id": world.job_id}, {"job_id": "no id!"}, {"job_id": NOWHERE}
    ),
    "observability.search_entries": Sample(
        _own_audit(operation="identity.create_key", since="2026-01-01T00:00:00Z", limit=3),
        {"limit": 501},
        {"tenant": NOWHERE},
    ),
    "observability.export_entries": Sample(_own_audit(since="0"), {"since": "x" * 41}, {"tenant": NOWHERE}),
    "observability.list_checkpoints": Sample(_own_audit(limit=2), {"limit": 0}, {"tenant": NOWHERE}),
    "observability.verify_chain": Sample(_own_audit(limit=1000), {"after": -1}, {"tenant": NOWHERE}),
    "observability.get_request_settings": Sample(_plain()),
    "observability.set_request_settings": Sample(
        _plain(log_requests=False, sample=0.5, operations=["knowledge.search"], kept_days=30),
        {"sample": 1.5, "kept_days": 0},
    ),
    "observability.search_requests": Sample(_plain(since="2026-01-01T00:00:00Z", limit=3), {"limit": 501}),
    "observability.get_request": Sample(_logged_request, {"number": 0}, {"number": 987_654_321}),
    "privacy.describe_keys": Sample(_plain()),
    "privacy.export_person": Sample(_plain(subject="user_1"), {"subject": "no id!"}),
    "privacy.read_export": Sample(_exported, {"request_id": "no id!"}, {"request_id": NOWHERE}),
    "privacy.erase_person": Sample(_plain(subject="user_1"), {"subject": "no id!"}),
    "privacy.get_request": Sample(_exported, {"request_id": "no id!"}, {"request_id": NOWHERE}),
    "privacy.list_requests": Sample(_plain(limit=2), {"limit": 201}),
    "privacy.rotate_keys": Sample(_plain(what="data"), {"what": "everything"}),
    "knowledge.create_collection": Sample(
        lambda _, mark: {"name": f"c {mark}", "languages": ["de"], "chunking": {"tokens_max": 64}},
        {"chunking": {"tokens_max": 5}, "languages": ["deutsch"]},
    ),
    "knowledge.list_collections": Sample(_plain()),
    "knowledge.get_collection": Sample(_plain(name=COLLECTION), {"name": _LONG}, {"name": NOWHERE}),
    "knowledge.delete_collection": Sample(_gone_collection, {"name": _LONG}, {"name": NOWHERE}),
    "knowledge.add_document": Sample(
        lambda _, mark: {**_DOCUMENT, "doc_id": f"d/{mark}", "text": "Two boats – ü."}, {"title": "x" * 501}
    ),
    "knowledge.add_documents": Sample(
        lambda _, mark: {
            "collection": COLLECTION,
            "documents": [{"doc_id": f"b{mark}", "text": "One."}, {"doc_id": "", "text": "x"}, {}],
            "wait": True,
        },
        {"documents": []},
    ),
    "knowledge.upload_document": Sample(
        lambda _, mark: {**_DOCUMENT, "doc_id": f"u{mark}", "file": _UPLOAD}, {"title": "x" * 501}
    ),
    "knowledge.add_url": Sample(
        lambda _, mark: {**_DOCUMENT, "doc_id": f"p{mark}", "url": "https://example.com/a.txt"},
        {"url": "ftp://aaaa"},
        {"url": NO_PAGE},
    ),
    "knowledge.list_documents": Sample(
        _plain(collection=COLLECTION, after="a"), {"limit": 501}, {"collection": NOWHERE}
    ),
    "knowledge.get_document": Sample(_plain(doc_id=DOC, version=1), {"version": 0}, {"doc_id": NOWHERE}),
    "knowledge.delete_document": Sample(_gone_document, {"doc_id": "x" * 501}, {"doc_id": NOWHERE}),
    "knowledge.search": Sample(
        _plain(
            query="rotate keys", top_k=3, collection=COLLECTION, filters={"not": {"year": 1999}}, weight=0.5
        ),
        {"top_k": 0, "weight": 1.5},
        {"collection": NOWHERE},
    ),
    "knowledge.query": Sample(
        _plain(query="Where is the Ferry?", collections=[COLLECTION], context="tickets"),
        {"top_k": 201},
        {"collections": [NOWHERE]},
    ),
    "knowledge.answer": Sample(
        _plain(question="How do I rotate a key?", collection=COLLECTION),
        {"top_k": 51},
        {"collection": NOWHERE},
    ),
    "knowledge.stream_answer": Sample(
        _plain(question="How do I rotate a key?", collection=COLLECTION),
        {"top_k": 51},
        {"collection": NOWHERE},
    ),
    "knowledge.give_feedback": Sample(
        _plain(query="rotate", doc_id=DOC, helpful=True), {"comment": "x" * 2001}, {"doc_id": NOWHERE}
    ),
    "knowledge.evaluate": Sample(
        _plain(questions=[_QUESTION], collection=COLLECTION), {"questions": []}, {"collection": NOWHERE}
    ),
    "knowledge.add_faq": Sample(
        lambda _, mark: {"collection": COLLECTION, "question": f"Why {mark}?", "answer": "So."},
        {"question": "?"},
        {"collection": NOWHERE},
    ),
    "knowledge.list_faqs": Sample(
        _plain(collection=COLLECTION), {"collection": _LONG}, {"collection": NOWHERE}
    ),
    "knowledge.delete_faq": Sample(_gone_faq, {"faq_id": "no id!"}, {"faq_id": NOWHERE}),
    "knowledge.suggest_faqs": Sample(
        _plain(collection=COLLECTION, limit=5), {"limit": 101}, {"collection": NOWHERE}
    ),
    "knowledge.rebuild": Sample(_plain(wait=True)),
}
SAMPLES |= sign_on_samples(Sample)
"""One sample for each operation; an operation without one fails the tests."""
