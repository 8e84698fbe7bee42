"""A tenant with what no other has, and which of its things each field of an operation may name."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from mainstay.kernel.interface import Operation, Upload
from transports.assistant_samples import ASSISTANT_FOREIGN, ASSISTANT_OWN
from transports.prompt_samples import PROMPTS_FOREIGN, PROMPTS_OWN
from transports.real_house import Running
from transports.samples import SAMPLES
from transports.test_every_transport import House
from transports.widget_samples import WIDGETS_FOREIGN, WIDGETS_OWN
from transports.worlds import World, furnished

SECRET = "treasure"
_NAMING = re.compile(
    r"(^|_)ids?$|^(name|email|role|groups|collections?|documents|after|before|subject|target|filters|members"
    r"|add|remove|user_name|default_role)$"
)
FAKES = {
    "their-books": "theyr-books",
    "theirs": "theyrs",
    "their-role": "theyr-role",
    "their-board": "theyr-board",
    "their request": "theyr request",
    "their key": "theyr key",
    "their-purpose": "theyr-purpose",
    "their house": "theyr house",
    "their-prompt": "theyr-prompt",
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
            self.attackers[who] = furnished_tenant(self.house.running, f"{who}'s", "Canoe")
        return self.attackers[who]


def furnished_tenant(opened: Running, name: str, word: str) -> World:
    tenant = opened.call("identity.create_tenant", name=name)["tenant_id"]
    made = opened.call("identity.create_tenant_key", tenant_id=tenant, name="admin", role="admin")
    return furnished(opened, made["key"], tenant, word)


def attached(victim: World) -> tuple[str, str, str]:
    """Give the ids of a file in their books, of the batch by which it came there, and of an upload."""
    file = Upload("theirs.txt", "text/plain", f"The {SECRET}.".encode())
    stored = victim.call("files.upload_file", file=file)
    files = [{"file_id": stored["file_id"]}]
    batch = victim.call("knowledge.attach_files", store_id="their-books", files=files)
    begun = victim.call("files.start_upload", name="theirs.txt", size=99)
    return stored["file_id"], batch["batch_id"], begun["upload_id"]


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
    **ASSISTANT_FOREIGN,
    **WIDGETS_FOREIGN,
    **PROMPTS_FOREIGN,
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
            "messages[].files[].name": "what the caller calls a file that he sends along",
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
    **ASSISTANT_OWN,
    **WIDGETS_OWN,
    **PROMPTS_OWN,
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
    chosen = any(real in json.dumps([*named.values()]) for real in FAKES)
    return operation.kind == "write" and (chosen or "subject" in named)
