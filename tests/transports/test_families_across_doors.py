"""Another tenant's things by every door: each field that may name one, while all the rest is one's own."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from makers import ADMIN_KEY
from transports.assistant_samples import ASSISTANT_FOREIGN
from transports.foreign_names import (
    FAKES,
    SECRET,
    SHARED,
    Sides,
    attached,
    foreign,
    furnished_tenant,
    naming,
)
from transports.people_samples import passkey_of
from transports.permitted import KNOWN
from transports.real_house import Running, bearer, request_for, running, tool_call
from transports.samples import OPERATIONS, SAMPLES
from transports.test_every_transport import House, normal, quick_doors_for


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    folder = tmp_path_factory.mktemp("sides")
    with running(folder / "data") as opened:
        victim = furnished_tenant(opened, "their house", "Ferry")
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
        ids = (*kinds, export, passkey, *attached(victim))
        opened.calm()
        met = Sides(house, victim, *ids)
        for make in ASSISTANT_FOREIGN.values():  # so that nothing of the victim's is made later
            make(met)
        yield met
        house.close()


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
    for real, fake in FAKES.items():
        text = text.replace(real, fake)
    return json.loads(re.sub(r'"([a-z]+_)[0-9a-z]{26}"', lambda found: f'"{found[1]}{"0" * 26}"', text))


def plain(answer: Any) -> str:
    """Take out of an answer what may differ: names that were sent, ids, times, hashes."""
    text = json.dumps(normal(answer), sort_keys=True)
    for real, fake in FAKES.items():
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
        assert faked(named) != named, f"say in FAKES what nobody has in the shape of {named}"
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


def test_what_is_there_is_told_to_its_ownfurnished_tenant(sides: Sides) -> None:
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
    before, engines = _kept(opened), len(opened.calls)
    files = _files(opened)
    for which, secret in ended.items():
        for made in asked:
            answer = opened.ask(made.method, made.target, [*made.headers, bearer(secret)], endless)
            expected = (403, "TenantSuspended") if which == "suspended" else (401, "CredentialsUnknown")
            assert (answer.status, answer.told["code"]) == expected, (which, made.target)
            assert answer.received == 0
    assert _kept(opened) == before
    assert opened.calls[engines:] == []
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
