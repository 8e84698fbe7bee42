"""Another tenant's things by every door: each field that may name one, while all the rest is one's own."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from mainstay.kernel.interface import Operation, Upload
from makers import ADMIN_KEY
from transports.people_samples import passkey_of
from transports.permitted import KNOWN
from transports.real_house import Running, bearer, request_for, running, tool_call
from transports.samples import OPERATIONS, SAMPLES
from transports.test_every_transport import House, normal, quick_doors_for
from transports.worlds import World, furnished

SECRET = "treasure"
_NAMING = re.compile(
    r"(^|_)ids?$|^(name|email|role|groups|collections?|documents|after|before|subject|target|filters|members"
    r"|add|remove|user_name|default_role)$"
)
_FAKES = {
    "their-books": "theyr-books",
    "theirs": "theyrs",
    "their-role": "theyr-role",
    "their-board": "theyr-board",
    "their request": "theyr request",
    "their key": "theyr key",
    "their-purpose": "theyr-purpose",
    "their house": "theyr house",
}


@dataclass(frozen=True)
class Sides:
    """A house with a furnished tenant that has what no other has."""

    house: House
    victim: World
    their_key: str
    their_job: str
    their_faq: str
    their_session: str
    their_approval: str
    their_export: str
    their_passkey: str
    their_file: str
    their_batch: str
    their_upload: str
    attackers: dict[str, World] = field(default_factory=dict)

    def attacker(self, operation: Operation) -> World:
        """Give another tenant, furnished too.

        What may come to have something that is called like the victim's has a tenant to itself: there, that
        the victim's is hidden could not be seen any more. All other operations share one.
        """
        who = operation.full_name if names_by_itself(self, operation) else "nobody"
        if who not in self.attackers:
            self.attackers[who] = _tenant(self.house.running, f"{who}'s", "Canoe")
        return self.attackers[who]


def _tenant(opened: Running, name: str, word: str) -> World:
    tenant = opened.call("identity.create_tenant", name=name)["tenant_id"]
    made = opened.call("identity.create_tenant_key", tenant_id=tenant, name="admin", role="admin")
    return furnished(opened, made["key"], tenant, word)


def _attached(victim: World) -> tuple[str, str, str]:
    """Give the ids of a file in their books, of the batch by which it came there, and of an upload."""
    file = Upload("theirs.txt", "text/plain", f"The {SECRET}.".encode())
    stored = victim.call("files.upload_file", file=file)
    files = [{"file_id": stored["file_id"]}]
    batch = victim.call("knowledge.attach_files", store_id="their-books", files=files)
    begun = victim.call("files.start_upload", name="theirs.txt", size=99)
    return stored["file_id"], batch["batch_id"], begun["upload_id"]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    folder = tmp_path_factory.mktemp("sides")
    with running(folder / "data") as opened:
        victim = _tenant(opened, "their house", "Ferry")
        victim.call("identity.create_role", name="their-role", permissions=["jobs:read"])
        victim.call("directory.create_group", display_name="their-board", external_id="theirs")
        key = victim.call("identity.create_key", name="their key", role="their-role", groups=["their-board"])
        given = {"collection": "their-books", "text": f"The {SECRET} lies under the quay."}
        stored = victim.call("knowledge.add_document", doc_id="theirs", **given)
        faq = victim.call("knowledge.add_faq", collection="their-books", question="Where?", answer=SECRET)
        session = victim.joined("theirs@example.com")
        approval = SAMPLES["authorization.revoke_authorization"].good(victim, "theirs")["authorization_id"]
        house = House(opened, folder)
        house.http.get("/v1/me", headers=[bearer(victim.key), ("X-Request-Id", "their request")])
        opened.calm()
        victim.call("privacy.define_consent", purpose="their-purpose", text=f"The {SECRET}.")
        export = victim.call("privacy.export_tenant")["export_id"]
        opened.calm()
        passkey = passkey_of(victim)["passkey_id"]
        kinds = (key["key_id"], stored["job_id"], faq["faq_id"], session["session_id"], approval)
        ids = (*kinds, export, passkey, *_attached(victim))
        opened.calm()
        yield Sides(house, victim, *ids)
        house.http.close()


def _response(sides: Sides) -> Any:
    """Give a response that the victim keeps."""
    return SAMPLES["generation.get_response"].good(sides.victim, "theirs")["response_id"]


VOCABULARY: Mapping[str, Callable[[Sides], Any]] = {
    "after": lambda sides: sides.their_key,
    "batch_id": lambda sides: sides.their_batch,
    "file_id": lambda sides: sides.their_file,
    "part_ids": lambda sides: [sides.their_file],
    "upload_id": lambda sides: sides.their_upload,
    "files.start_upload.name": lambda _: "theirs",
    "store_id": lambda _: "their-books",
    "store_ids": lambda _: ["their-books"],
    "authorization_id": lambda sides: sides.their_approval,
    "client_id": lambda sides: sides.victim.client_id,
    "collection": lambda _: "their-books",
    "collections": lambda _: ["their-books"],
    "connection_id": lambda sides: sides.victim.connection_id,
    "doc_id": lambda _: "theirs",
    "doc_ids": lambda _: ["theirs"],
    "documents": lambda _: [{"doc_id": "theirs", "text": "Mine."}],
    "faq_id": lambda sides: sides.their_faq,
    "add": lambda sides: [sides.victim.user_id],
    "default_role": lambda _: "their-role",
    "external_id": lambda _: "theirs",
    "group_id": lambda sides: sides.victim.call("directory.list_groups", limit=1)[0]["group_id"],
    "members": lambda sides: [sides.victim.user_id],
    "remove": lambda sides: [sides.victim.user_id],
    "user_name": lambda _: "theirs@example.com",
    "filters": lambda _: {"or": [{"doc_id": "theirs"}, {"not": {"collection": {"in": ["their-books"]}}}]},
    "groups": lambda _: ["their-board"],
    "job_id": lambda sides: sides.their_job,
    "key_id": lambda sides: sides.their_key,
    "purpose": lambda _: "their-purpose",
    "request_id": lambda _: "their request",
    "role": lambda _: "their-role",
    "export_id": lambda sides: sides.their_export,
    "email": lambda _: "theirs@example.com",
    "session_id": lambda sides: sides.their_session,
    "subject": lambda sides: sides.their_key,
    "target": lambda sides: sides.their_key,
    "tenant_id": lambda sides: sides.victim.tenant_id,
    "user_id": lambda sides: sides.victim.user_id,
    "authorization.create_client.name": lambda _: "theirs",
    "authorization.update_client.name": lambda _: "theirs",
    "directory.create_group.name": lambda _: "their-board",
    "directory.list_groups.after": lambda sides: sides.victim.call("directory.list_groups")[0]["group_id"],
    "federation.create_connection.name": lambda _: "theirs",
    "federation.update_connection.name": lambda _: "theirs",
    "identity.create_key.name": lambda _: "their key",
    "identity.update_key.name": lambda _: "their key",
    "identity.create_tenant_key.name": lambda _: "their key",
    "identity.create_tenant.name": lambda _: "their house",
    "identity.update_tenant.name": lambda _: "their house",
    "identity.erase_tenant.name": lambda _: "their house",
    **{
        f"identity.{each}_role.name": lambda _: "their-role"
        for each in ("create", "get", "replace", "delete")
    },
    **{f"knowledge.{each}_collection.name": lambda _: "their-books" for each in ("create", "get", "delete")},
    "knowledge.create_vector_store.name": lambda _: "theirs",
    "knowledge.update_vector_store.name": lambda _: "theirs",
    "knowledge.list_documents.after": lambda _: "theirs",
    "knowledge.list_vector_stores.after": lambda _: "their-books",
    "knowledge.list_vector_stores.before": lambda _: "their-books",
    "knowledge.list_attached_files.after": lambda sides: sides.their_file,
    "knowledge.list_attached_files.before": lambda sides: sides.their_file,
    "files.list_files.after": lambda sides: sides.their_file,
    "people.add_passkey.name": lambda _: "theirs",
    "people.rename_passkey.name": lambda _: "theirs",
    "previous_id": _response,
    "response_id": _response,
    "trace_id": lambda sides: SAMPLES["generation.get_trace"].good(sides.victim, "theirs")["trace_id"],
    "generation.list_traces.after": lambda sides: sides.their_key,
    "passkey_id": lambda sides: sides.their_passkey,
    "people.create_user.name": lambda _: "theirs",
    "people.update_user.name": lambda _: "theirs",
    "people.list_users.after": lambda sides: sides.victim.user_id,
}
"""What of another tenant's a field may name: by the field, or by the operation and the field."""

SHARED = {
    *("tenants", "people", "places", "codes", "authenticator_apps", "recovery_codes", "passkeys", "tiers"),
    *("tenant_erasures", "tenant_erasure_parts", "cleared"),
}
"""Tables of all tenants together; what the victim sees of its people is looked at beside them."""

OWN = {
    **{
        f"generation.{each}.{field}": why
        for each in ("complete", "stream_complete")
        for field, why in {
            "documents": "texts, not ids",
            "messages[].calls[].call_id": "names a call of the same conversation",
            "messages[].call_id": "names a call of the same conversation",
            "messages[].calls[].name": "of a tool in the same request",
            "tools[].name": "of a tool in the same request",
            "answer_format.name": "what the caller calls the form of his answer",
        }.items()
    },
    "language.classify.labels[].name": "a word of the caller's own",
    "directory.provision_user.profile.name": "what a person is called",
    "directory.replace_provisioned_user.profile.name": "what a person is called",
    "observability.search_entries.before": "a place in one's own chain; the audit's tests try others'",
    "observability.search_requests.before": "a place in one's own log",
    **{
        f"gateway.{each}.tier": "a tier is of the installation, and only the operator names one"
        for each in ("get_tier", "replace_tier", "delete_tier", "set_tenant_tier")
    },
    "federation.create_connection.client_id": "an identity provider's name for this server",
}
"""Fields that name nothing of another tenant's, and why."""


def fields(schema: Mapping[str, Any], definitions: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Give the paths of all fields that are texts or hold some, nested ones too: `questions[].doc_ids`."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rest = {other: each for other, each in definitions.items() if other != name}
        yield from fields(definitions.get(name, {}), rest, where)
    for variant in schema.get("anyOf", ()):
        yield from fields(variant, definitions, where)
    if "items" in schema:
        yield from fields(schema["items"], definitions, f"{where}[]")
    for name, inner in schema.get("properties", {}).items():
        kinds = {inner.get("type"), *(each.get("type") for each in inner.get("anyOf", ()))}
        if not kinds & {"integer", "number", "boolean"}:
            yield f"{where}.{name}".strip(".")
        yield from fields(inner, definitions, f"{where}.{name}")


@cache
def naming(operation: Operation) -> list[str]:
    """Give the paths of the fields that may name something: those in a path, and those called so."""
    schema = operation.model.model_json_schema()
    in_path = {name for route in operation.routes for name in route.names}
    found = dict.fromkeys(fields(schema, schema.get("$defs", {})))
    named = [path for path in found if path in in_path or _NAMING.search(path.rpartition(".")[2])]
    return [path for path in named if f"{operation.full_name}.{path}" not in OWN]


def foreign(sides: Sides, operation: Operation, path: str) -> Any:
    """Give what of the victim's a field may name; a field that nobody has thought of fails here."""
    leaf = path.rpartition(".")[2]
    found = VOCABULARY.get(f"{operation.full_name}.{leaf}") or VOCABULARY.get(leaf)
    assert found is not None, (
        f"say in VOCABULARY what {path} of {operation.full_name} may name, or in OWN why not"
    )
    return found(sides)


def names_by_itself(sides: Sides, operation: Operation) -> bool:
    """Say whether a change takes a name or a subject, of which each tenant may have one, not an id alone."""
    named = {path.rpartition(".")[2]: foreign(sides, operation, path) for path in naming(operation)}
    chosen = any(real in json.dumps([*named.values()]) for real in _FAKES)
    return operation.kind == "write" and (chosen or "subject" in named)


def placed(values: Any, path: str, value: Any) -> Any:
    """Put a value at a path; into every member of a list."""
    head, _, rest = path.partition(".")
    if not head:
        return value
    name = head.removesuffix("[]")
    if not rest:
        return {**values, name: value}
    inner = values[name]
    made = (
        [placed(each, rest, value) for each in inner] if head.endswith("[]") else placed(inner, rest, value)
    )
    return {**values, name: made}


def faked(value: Any) -> Any:
    """Give what nobody has, in the same shape."""
    text = json.dumps(value)
    for real, fake in _FAKES.items():
        text = text.replace(real, fake)
    return json.loads(re.sub(r'"([a-z]+_)[0-9a-z]{26}"', lambda found: f'"{found[1]}{"0" * 26}"', text))


def plain(answer: Any) -> str:
    """Take out of an answer what may differ: names that were sent, ids, times, hashes."""
    text = json.dumps(normal(answer), sort_keys=True)
    for real, fake in _FAKES.items():
        text = text.replace(real, "<name>").replace(fake, "<name>")
    text = re.sub(r"\b[a-z]+_0{26}\b", "<id>", text)
    return re.sub(r"\b[0-9a-f]{64}\b|\b1\d{12}\b", "<moving>", text)


@pytest.mark.parametrize("name", [name for name in KNOWN if naming(OPERATIONS[name])])
def test_every_door_hides_another_tenants_things(sides: Sides, name: str) -> None:
    operation, attacker = OPERATIONS[name], sides.attacker(OPERATIONS[name])
    sides.house.running.calm()
    before = sides.house.running.state(sides.victim.tenant_id)
    people = sides.victim.call("people.list_users")
    for turn, path in enumerate(naming(operation)):
        named = foreign(sides, operation, path)
        assert faked(named) != named, f"say in _FAKES what nobody has in the shape of {named}"
        for number, (door, call) in enumerate(quick_doors_for(operation).items()):
            told = []
            for which, value in enumerate((named, faked(named))):
                own = SAMPLES[name].good(attacker, f"mark{2 * number + which} {turn} {KNOWN.index(name)}")
                sides.house.running.calm()
                key = SAMPLES[name].key(attacker, own)
                told.append(call(sides.house, operation, placed(own, path, value), key))
            assert SECRET not in json.dumps(told), (door, path)
            assert plain(told[0]) == plain(told[1]), (door, path)
    sides.house.running.calm()
    after = sides.house.running.state(sides.victim.tenant_id)
    assert {table for table in before if before[table] != after[table]} <= SHARED
    assert sides.victim.call("people.list_users") == people
    attacker.call("identity.create_key", name="still lets in", role="admin")  # the next one meets him whole


def test_a_field_that_names_something_is_found_however_deep() -> None:
    assert "questions[].doc_ids" in naming(OPERATIONS["knowledge.evaluate"])
    assert naming(OPERATIONS["knowledge.add_documents"]) == ["collection", "documents"]
    assert naming(OPERATIONS["identity.get_key"]) == ["key_id"]
    assert naming(OPERATIONS["identity.whoami"]) == []
    assert placed({"a": [{"b": 1, "c": 2}]}, "a[].b", 3) == {"a": [{"b": 3, "c": 2}]}


def test_what_is_there_is_told_to_its_own_tenant(sides: Sides) -> None:
    """Or hiding it from others would prove nothing."""
    for name, path in (("knowledge.get_document", "doc_id"), ("knowledge.get_collection", "name")):
        own = SAMPLES[name].good(sides.victim, "mark")
        for call in quick_doors_for(OPERATIONS[name]).values():
            told = [
                call(sides.house, OPERATIONS[name], placed(own, path, value), sides.victim.key)
                for value in ("theirs" if path == "doc_id" else "their-books", "nothing-like-it")
            ]
            assert plain(told[0]) != plain(told[1])
            assert told[1]["code"] in {"DocumentMissing", "CollectionMissing"}


@pytest.fixture(scope="module")
def ended(sides: Sides) -> dict[str, str]:
    """Give secrets that were good once: of a revoked key, from before a rotation, of a suspended tenant."""
    call = sides.house.running.call
    made = {each: call("identity.create_key", name=each, role="admin") for each in ("revoked", "rotated")}
    call("identity.revoke_key", key_id=made["revoked"]["key_id"])
    call("identity.rotate_key", key_id=made["rotated"]["key_id"], overlap_s=0)
    tenant = call("identity.create_tenant", name="suspended")["tenant_id"]
    made["suspended"] = call("identity.create_tenant_key", tenant_id=tenant, name="admin", role="admin")
    call("identity.update_tenant", tenant_id=tenant, suspended=True)
    return {each: key["key"] for each, key in made.items()}


@pytest.mark.parametrize("name", KNOWN)
def test_credentials_that_have_ended_leave_nothing(sides: Sides, ended: Mapping[str, str], name: str) -> None:
    operation, opened = OPERATIONS[name], sides.house.running
    ids = {name: "some_id" for route in operation.routes for name in route.names}
    asked = [request_for(operation, ids, route) for route in range(len(operation.routes))]
    if operation.kind != "stream" and operation.upload is None:
        asked.append(tool_call(operation, ids))

    async def endless() -> Any:
        return {"type": "http.request", "body": b"x", "more_body": True}

    opened.calm()
    before, engines = _kept(opened), _reached(opened)
    files = _files(opened)
    for which, secret in ended.items():
        for made in asked:
            answer = opened.ask(made.method, made.target, [*made.headers, bearer(secret)], endless)
            expected = (403, "TenantSuspended") if which == "suspended" else (401, "CredentialsUnknown")
            assert (answer.status, answer.told["code"]) == expected, (which, made.target)
            assert answer.received == 0
    assert _kept(opened) == before
    assert _reached(opened) == engines
    assert _files(opened) == files


def _kept(opened: Running) -> dict[str, str]:
    """Give the digests of the tables but that of sessions, whose last uses are written when there is time."""
    return {table: digest for table, digest in opened.state().items() if table != "sessions"}


def _files(opened: Running) -> list[tuple[str, str]]:
    """Give the files of the data folder but those of the index, which makes itself durable when it likes."""
    found = []
    for folder, inner, names in os.walk(opened.folder):
        inner[:] = [each for each in inner if each != "vectors"]
        found += [(folder, name) for name in names]
    return sorted(found)


def _reached(opened: Running) -> list[str]:
    """Give the calls of engines but the database, in which credentials are looked up."""
    return [each for each in opened.calls if not each.startswith("database.")]


@pytest.mark.parametrize("name", KNOWN)
def test_an_unknown_field_is_refused_everywhere(sides: Sides, name: str) -> None:
    operation, opened = OPERATIONS[name], sides.house.running
    own = SAMPLES[name].good(sides.house.world, "unknown fields")
    opened.calm()
    before = _kept(opened)
    taken = {each.name for each in operation.parameters}
    for extra, value in {"tenant_id": sides.victim.tenant_id, "operator": True, "subject": "me"}.items():
        if extra in taken:
            continue
        for made in (
            request_for(operation, {**own, extra: value}, route) for route in range(len(operation.routes))
        ):
            answer = opened.ask(made.method, made.target, [*made.headers, bearer(ADMIN_KEY)], made.body)
            assert answer.status == 422, (extra, made.target, answer.body)
            assert extra in {each["field"] for each in answer.told["errors"]}
        if operation.kind != "stream" and operation.upload is None:
            made = tool_call(operation, {**own, extra: value})
            told = opened.ask(made.method, made.target, [*made.headers, bearer(ADMIN_KEY)], made.body).told
            assert told["result"]["structuredContent"]["code"] == "RequestInvalid"
    assert _kept(opened) == before


@pytest.mark.parametrize(
    "name", [name for name in KNOWN if any(route.method == "GET" for route in OPERATIONS[name].routes)]
)
def test_a_get_never_changes_anything(sides: Sides, name: str) -> None:
    operation, opened = OPERATIONS[name], sides.house.running
    values = SAMPLES[name].good(sides.house.world, "a look")
    key = SAMPLES[name].key(sides.house.world, values)
    opened.calm()
    before = _kept(opened)
    for number, route in enumerate(operation.routes):
        if route.method == "GET":
            made = request_for(operation, values, number)
            for method in ("GET", "HEAD"):
                answer = opened.ask(method, made.target, [*made.headers, bearer(key)])
                assert answer.status == 200, (made.target, answer.body)
    assert _kept(opened) == before
