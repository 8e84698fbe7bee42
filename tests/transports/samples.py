"""Values for every operation of the house: good ones, wrong ones, and ones that name what is not there."""

import re
from itertools import count

from mainstay.kernel.discovery import found_in
from mainstay.kernel.interface import Operation, Upload, operations_of
from transports.assistant_samples import ASSISTANT
from transports.client_samples import CLIENTS
from transports.directory_samples import DIRECTORY
from transports.file_samples import FILES
from transports.generation_samples import GENERATION
from transports.language_samples import LANGUAGE
from transports.people_samples import PEOPLE
from transports.privacy_samples import PRIVACY
from transports.prompt_samples import PROMPTS
from transports.real_house import NO_PAGE
from transports.sign_on_samples import sign_on_samples
from transports.widget_samples import WIDGETS
from transports.worlds import COLLECTION, DOC, NOWHERE, ROLE, Sample, Values, World, own_audit, plain

OPERATIONS: dict[str, Operation] = {
    operation.full_name: operation
    for package in ("mainstay.services", "mainstay.verticals")
    for found in found_in(package).values()
    for operation in operations_of(found.load())
}


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


def _gone_key(world: World, mark: str) -> Values:
    return {"key_id": world.call("identity.create_key", name=f"gone {mark}")["key_id"]}


def _gone_role(world: World, mark: str) -> Values:
    name = f"gone-{re.sub('[^a-z0-9_-]', '-', mark)}"
    world.call("identity.create_role", name=name, permissions=["jobs:read"])
    return {"name": name}


def _other_tenant(world: World, mark: str) -> Values:
    made = world.running.call("identity.create_tenant", name=f"other {mark}")
    return {"tenant_id": made["tenant_id"]}


_NUMBERS = count(1)


def _erased(world: World, _mark: str) -> Values:
    name = f"erased {next(_NUMBERS)}"
    made = world.running.call("identity.create_tenant", name=name)
    return {"tenant_id": made["tenant_id"], "name": name, "grace_days": 30}


def _gone_erasure(world: World, mark: str) -> Values:
    wish = _erased(world, mark)
    world.running.call("identity.erase_tenant", **wish)
    return {"tenant_id": wish["tenant_id"]}


def _erasure(world: World, mark: str) -> Values:
    """Have a tenant erased, once: what is read must stay the same at every door."""
    known = world.running.call("identity.list_tenants")
    found = [each["tenant_id"] for each in known if each["name"] == "told"]
    if not found:
        found = [world.running.call("identity.create_tenant", name="told")["tenant_id"]]
        world.running.call("identity.erase_tenant", tenant_id=found[0], name="told", grace_days=30)
        world.running.call("identity.call_off_tenant_erasure", tenant_id=found[0])
    return {"tenant_id": found[0]}


def _tier(mark: str) -> str:
    return f"tier-{re.sub('[^a-z0-9_-]', '-', mark.lower())}"[:64]


def _made_tier(world: World, mark: str) -> str:
    world.running.call("gateway.replace_tier", tier=_tier(mark), tenant_per_minute=100_000)
    return _tier(mark)


def _spare_key(world: World, mark: str) -> str:
    made: str = world.call("identity.create_key", name=f"spare {mark}")["key_id"]
    return made


_DOCUMENT = {"collection": COLLECTION, "metadata": {"year": 2026, "tags": ["a", "ü"]}, "wait": True}
_QUESTION = {"question": "How do I rotate a key?", "doc_ids": [DOC]}
_LONG = "x" * 101
_END = "2031-01-31T12:00:00+01:00"
_UPLOAD = Upload("note.txt", "text/plain", "A note about the ferry – ü.".encode())

SAMPLES: dict[str, Sample] = {
    "gateway.get_usage": Sample(
        plain(since="2026-11-01", until="2026-11-02", by="hour", split="both", limit=2),
        {"limit": 1001},
    ),
    "gateway.get_tenant_usage": Sample(
        lambda world, _: {"tenant_id": world.tenant_id, "since": "2026-11-01", "until": "2026-11-02"},
        {"by": "week", "tenant_id": "a"},
        {"tenant_id": NOWHERE},
    ),
    "gateway.get_quotas": Sample(plain()),
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
    "gateway.get_limits": Sample(plain()),
    "gateway.get_key_quotas": Sample(
        lambda world, _: {"key_id": world.key_id}, {"key_id": "no id!"}, {"key_id": NOWHERE}
    ),
    "gateway.replace_key_quotas": Sample(
        lambda world, mark: {"key_id": _spare_key(world, mark), "requests_per_day": 1000},
        {"key_id": "no id!", "requests_per_day": -1},
        {"key_id": NOWHERE},
    ),
    "gateway.list_tiers": Sample(plain()),
    "gateway.get_tier": Sample(plain(tier="default"), {"tier": "No Name"}, {"tier": NOWHERE}),
    "gateway.replace_tier": Sample(
        lambda _, mark: {"tier": _tier(mark), "key_per_minute": 5000, "requests_per_day": 1000},
        {"tier": "No Name", "key_per_minute": 0},
    ),
    "gateway.delete_tier": Sample(
        lambda world, mark: {"tier": _made_tier(world, mark)}, {"tier": "No Name"}, {"tier": NOWHERE}
    ),
    "gateway.set_tenant_tier": Sample(
        lambda world, mark: {
            **_other_tenant(world, f"tier {mark}"),
            "tier": _made_tier(world, f"on {mark}"),
        },
        {"tenant_id": "a", "tier": "No Name"},
        {"tenant_id": NOWHERE},
    ),
    "identity.whoami": Sample(plain()),
    "identity.create_key": Sample(
        lambda _, mark: {"name": f"k {mark}", "groups": ["board"], "expires_at": _END},
        {"name": _LONG},
        {"role": NOWHERE},
    ),
    "identity.list_keys": Sample(plain(limit=2, after="key_0"), {"limit": 501}),
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
    "identity.list_permissions": Sample(plain()),
    "identity.list_roles": Sample(plain()),
    "identity.create_role": Sample(
        lambda _, mark: {"name": f"r-{re.sub('[^a-z0-9_-]', '-', mark)}", "permissions": ["documents:read"]},
        {"permissions": []},
    ),
    "identity.get_role": Sample(plain(name="user"), {"name": "No Role"}, {"name": NOWHERE}),
    "identity.replace_role": Sample(
        plain(name=ROLE, permissions=["jobs:read"], description="Ü."),
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
    "identity.erase_tenant": Sample(
        _erased,
        {"grace_days": 91, "tenant_id": "a", "name": "b"},
        {"tenant_id": NOWHERE},
    ),
    "identity.get_tenant_erasure": Sample(_erasure, {"tenant_id": "no id!"}, {"tenant_id": NOWHERE}),
    "identity.call_off_tenant_erasure": Sample(
        _gone_erasure, {"tenant_id": "no id!"}, {"tenant_id": NOWHERE}
    ),
    "identity.create_tenant": Sample(lambda _, mark: {"name": f"t {mark}"}, {"name": _LONG}),
    "identity.list_tenants": Sample(plain()),
    "identity.create_tenant_key": Sample(
        lambda world, mark: {"tenant_id": world.tenant_id, "name": f"k {mark}"},
        {"limit_per_minute": 0, "tenant_id": "a"},
        {"tenant_id": NOWHERE},
    ),
    "jobs.get_job": Sample(
        lambda world, _: {"job_id": world.job_id, "wait_s": 1.5}, {"wait_s": 60.5}, {"job_id": NOWHERE}
    ),
    "jobs.list_jobs": Sample(plain(limit=2), {"limit": 201}),
    "jobs.retry_job": Sample(
        lambda world, _: {"job_id": world.job_id}, {"job_id": "no id!"}, {"job_id": NOWHERE}
    ),
    "jobs.cancel_job": Sample(
        lambda world, _: {"job_id": world.job_id}, {"job_id": "no id!"}, {"job_id": NOWHERE}
    ),
    "observability.search_entries": Sample(
        own_audit(operation="identity.create_key", since="2026-01-01T00:00:00Z", limit=3),
        {"limit": 501},
        {"tenant": NOWHERE},
    ),
    "observability.export_entries": Sample(own_audit(since="0"), {"since": "x" * 41}, {"tenant": NOWHERE}),
    "observability.list_checkpoints": Sample(own_audit(limit=2), {"limit": 0}, {"tenant": NOWHERE}),
    "observability.verify_chain": Sample(own_audit(limit=1000), {"after": -1}, {"tenant": NOWHERE}),
    "observability.get_request_settings": Sample(plain()),
    "observability.set_request_settings": Sample(
        plain(log_requests=False, sample=0.5, operations=["knowledge.search"], kept_days=30),
        {"sample": 1.5, "kept_days": 0},
    ),
    "observability.search_requests": Sample(plain(since="2026-01-01T00:00:00Z", limit=3), {"limit": 501}),
    "observability.get_request": Sample(_logged_request, {"number": 0}, {"number": 987_654_321}),
    "knowledge.create_collection": Sample(
        lambda _, mark: {"name": f"c {mark}", "languages": ["de"], "chunking": {"tokens_max": 64}},
        {"chunking": {"tokens_max": 5}, "languages": ["deutsch"]},
    ),
    "knowledge.list_collections": Sample(plain()),
    "knowledge.get_collection": Sample(plain(name=COLLECTION), {"name": _LONG}, {"name": NOWHERE}),
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
        plain(collection=COLLECTION, after="a"), {"limit": 501}, {"collection": NOWHERE}
    ),
    "knowledge.get_document": Sample(plain(doc_id=DOC, version=1), {"version": 0}, {"doc_id": NOWHERE}),
    "knowledge.delete_document": Sample(_gone_document, {"doc_id": "x" * 501}, {"doc_id": NOWHERE}),
    "knowledge.search": Sample(
        plain(
            query="rotate keys", top_k=3, collection=COLLECTION, filters={"not": {"year": 1999}}, weight=0.5
        ),
        {"top_k": 0, "weight": 1.5},
        {"collection": NOWHERE},
    ),
    "knowledge.query": Sample(
        plain(query="Where is the Ferry?", collections=[COLLECTION], context="tickets"),
        {"top_k": 201},
        {"collections": [NOWHERE]},
    ),
    "knowledge.answer": Sample(
        plain(question="How do I rotate a key?", collection=COLLECTION),
        {"top_k": 51},
        {"collection": NOWHERE},
    ),
    "knowledge.stream_answer": Sample(
        plain(question="How do I rotate a key?", collection=COLLECTION),
        {"top_k": 51},
        {"collection": NOWHERE},
    ),
    "knowledge.give_feedback": Sample(
        plain(query="rotate", doc_id=DOC, helpful=True), {"comment": "x" * 2001}, {"doc_id": NOWHERE}
    ),
    "knowledge.evaluate": Sample(
        plain(questions=[_QUESTION], collection=COLLECTION), {"questions": []}, {"collection": NOWHERE}
    ),
    "knowledge.add_faq": Sample(
        lambda _, mark: {"collection": COLLECTION, "question": f"Why {mark}?", "answer": "So."},
        {"question": "?"},
        {"collection": NOWHERE},
    ),
    "knowledge.list_faqs": Sample(
        plain(collection=COLLECTION), {"collection": _LONG}, {"collection": NOWHERE}
    ),
    "knowledge.delete_faq": Sample(_gone_faq, {"faq_id": "no id!"}, {"faq_id": NOWHERE}),
    "knowledge.suggest_faqs": Sample(
        plain(collection=COLLECTION, limit=5), {"limit": 101}, {"collection": NOWHERE}
    ),
    "knowledge.rebuild": Sample(plain(wait=True)),
    **CLIENTS,
    **PEOPLE,
    **DIRECTORY,
    **FILES,
    **GENERATION,
    **LANGUAGE,
    **PRIVACY,
    **PROMPTS,
    **ASSISTANT,
    **WIDGETS,
    **sign_on_samples(Sample),
}
