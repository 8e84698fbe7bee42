"""The handbook's tables of limits tell what the code holds to."""

import inspect
import re
from typing import Any

import pytest
from pydantic import TypeAdapter

from mainstay.app import spec
from mainstay.app.generators import GeneratorSettings
from mainstay.app.settings import Settings
from mainstay.engines.fetchers.http import HttpFetcher
from mainstay.engines.parsers.pdf import PAGES_MAX
from mainstay.kernel import idempotency
from mainstay.kernel.events import declared_reactions
from mainstay.kernel.interface import operations_of
from mainstay.kernel.leases import ATTEMPTS_MAX, INTERRUPTED_MAX
from mainstay.services.generation import records as generation
from mainstay.services.generation.caching import ANSWERS_MAX
from mainstay.services.generation.likeness import FAMILY_MAX, QUESTIONS_MAX
from mainstay.services.generation.responses import RESPONSE_BYTES_MAX
from mainstay.services.generation.shaping import SCHEMA_BYTES_MAX
from mainstay.services.identity import interface as identity
from mainstay.services.identity.moments import EXPIRY_DAYS_MAX
from mainstay.services.identity.rolebook import ROLES_MAX
from mainstay.services.jobs.interface import WaitSeconds
from mainstay.services.knowledge import facts, filter_fields, filters, limits
from mainstay.services.knowledge.intake import VERSIONS_KEPT
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.reactions import KnowledgeReactions
from mainstay.services.language.limits import FOUND_MAX
from mainstay.services.people import records as people
from mainstay.services.people.accounts import MAILS_AN_HOUR_MAX
from mainstay.services.people.members import LOOKED_THROUGH_MAX
from mainstay.services.prompts import records as prompts
from mainstay.services.prompts.templates import RENDERED_CHARACTERS_MAX
from mainstay.services.prompts.testing import EXAMPLES_BYTES_MAX
from mainstay.services.prompts.testing_records import CASES_MAX, TESTS_KEPT
from mainstay.services.prompts.trying import ANSWER_KEPT_MAX
from mainstay.transports.compatible.openai.embeddings import INPUTS_MAX
from mainstay.transports.compatible.openai.rerank import DOCUMENTS_MAX

_ROW = re.compile(r"^\| (?!Limit \||---)(.+?) \| (.+?) \|$", re.MULTILINE)


def bound(annotation: Any, name: str) -> int:
    """Give a bound that an input's type declares."""
    return int(TypeAdapter(annotation).json_schema()[name])


def default(setting: str) -> int:
    return int(Settings.model_fields[setting].default)


def fetching(limit: str) -> float:
    return float(inspect.signature(HttpFetcher).parameters[limit].default)


GENERATOR = GeneratorSettings(url="https://llm.example.com/v1", model="m")
QUERY = next(each for each in operations_of(Knowledge) if each.name == "query")
ENCODING = declared_reactions(KnowledgeReactions)["knowledge.encode_documents"]
HELD = {
    "text of a document": f"{limits.TEXT_LENGTH_MAX // 1_000_000} million characters",
    "file": f"{default('upload_mb_max')} MB (`MAINSTAY_UPLOAD_MB_MAX`)",
    "JSON body of a request": f"{default('body_mb_max')} MB (`MAINSTAY_BODY_MB_MAX`)",
    "pages of a PDF": f"{PAGES_MAX:,}",
    "documents in a batch": f"{limits.BATCH_MAX:,}",
    "document id": f"{bound(limits.DocumentId, 'maxLength')} characters",
    "title": f"{bound(limits.Title, 'maxLength')} characters",
    "metadata": f"{bound(limits.Metadata, 'maxProperties')} fields, {facts.METADATA_BYTES_MAX // 1024} KB, "
    f"{facts.METADATA_DEPTH_MAX} levels, numbers of 308 digits",
    "groups of a document": f"{bound(limits.Groups, 'maxItems')}",
    "versions kept": f"{VERSIONS_KEPT}",
    "web page that is fetched": f"{fetching('bytes_max') / 2**20:g} MB, {fetching('seconds_max'):g} seconds",
    "query or question": f"{bound(limits.Query, 'maxLength'):,} characters",
    "results (`top_k`)": f"{limits.TOP_K_MAX}",
    "passages behind an answer": f"{bound(limits.EvidenceK, 'maximum')}",
    "conditions of a filter": f"{filters.CONDITIONS_MAX}, in {filters.DEPTH_MAX} levels",
    "values of one condition": f"{filter_fields.VALUES_MAX:,}",
    "collections in one query": f"{QUERY.model.model_json_schema()['properties']['collections']['maxItems']}",
    "a conversation with its documents": f"{generation.CHARACTERS_MAX // 1_000_000} million characters, "
    f"{generation.MESSAGES_MAX:,} messages, {bound(generation.Documents, 'maxItems')} documents",
    "one message": f"{bound(generation.Text, 'maxLength') // 1_000_000} million characters",
    "images in one message": f"{generation.IMAGES_MAX}",
    "files in one message": f"{generation.FILES_MAX}, "
    f"of {generation.FILE_CHARACTERS_MAX // 1_000_000} million characters each, in base64",
    "rounds of tools after a question": f"{generation.TOOL_ROUNDS_MAX}",
    "tools in one request": f"{bound(generation.Tools, 'maxItems')}",
    "JSON Schema of an answer or a tool": f"{SCHEMA_BYTES_MAX:,} characters",
    "time of a generator": f"{GENERATOR.first_piece_s:g} seconds to the first piece, "
    f"{GENERATOR.between_pieces_s:g} between pieces, {GENERATOR.total_s:g} in all, or as set",
    "answers kept in memory": f"{ANSWERS_MAX:,}, "
    f"{bound(generation.CacheSeconds, 'maximum') // 3600} hours at most",
    "questions known by their meaning": f"{QUESTIONS_MAX:,}, {FAMILY_MAX} for requests that are alike",
    "texts of a prompt": f"{prompts.TEMPLATE_CHARACTERS_MAX:,} characters, {prompts.MESSAGES_MAX} messages, "
    f"{prompts.VARIABLES_MAX} variables",
    "versions of a prompt": f"{prompts.VERSIONS_MAX:,}, with {prompts.LABELS_MAX} labels",
    "examples of a prompt": f"{CASES_MAX}, {EXAMPLES_BYTES_MAX // 1_000_000} MB together",
    "tests of a prompt that are kept": f"{TESTS_KEPT}, with {ANSWER_KEPT_MAX:,} characters of each answer",
    "a rendered prompt": f"{RENDERED_CHARACTERS_MAX:,} characters",
    "a kept response with all that led to it": f"{RESPONSE_BYTES_MAX // 2**20} MB",
    "texts in one request for embeddings": f"{INPUTS_MAX:,}",
    "texts in one request for a ranking": f"{DOCUMENTS_MAX}",
    "what is found in the texts of one request": f"{FOUND_MAX:,} names, figures and personal data",
    "requests of a key": f"{default('rate_limit_per_minute'):,} a minute, or its own limit",
    "requests in progress until some may be refused": f"{default('shedding_at_once')} "
    "(`MAINSTAY_SHEDDING_AT_ONCE`)",
    "groups of a key": f"{bound(identity.Groups, 'maxItems')}",
    "end of a key": f"within {round(EXPIRY_DAYS_MAX / 365.25)} years",
    "overlap of the secrets of a rotated key": f"{bound(identity.Overlap, 'maximum') // 86_400} days",
    "roles of a tenant's own": f"{ROLES_MAX}",
    "password": f"{bound(people.NewPassword, 'minLength')} to {bound(people.NewPassword, 'maxLength')} "
    "characters",
    "users that one search looks through": f"{LOOKED_THROUGH_MAX:,}",
    "mails of one kind to one address": f"{MAILS_AN_HOUR_MAX} an hour",
    "idempotency key": f"{idempotency.KEY_LENGTH_MAX} characters, "
    f"remembered for {idempotency.KEEP_MS // 3_600_000} hours",
    "waiting for a job in one request": f"{bound(WaitSeconds, 'maximum')} seconds",
    "attempts of a failing step": f"{ATTEMPTS_MAX}",
    "crashes of the server at one step": f"{INTERRUPTED_MAX}",
    "texts that are encoded together": f"{ENCODING.batch}, or {ENCODING.heavy:,} characters",
    "finished jobs are kept": f"{default('jobs_kept_days')} days",
}


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    page = spec.ROOT / "src" / "mainstay" / "handbook" / "limits.md"
    return dict(_ROW.findall(page.read_text(encoding="utf-8")))


def test_every_limit_that_is_told_is_held_against_the_code(told: dict[str, str]) -> None:
    assert set(told) == set(HELD)


@pytest.mark.parametrize("limit", HELD)
def test_a_limit_is_told_as_it_is(told: dict[str, str], limit: str) -> None:
    assert told[limit] == HELD[limit]
