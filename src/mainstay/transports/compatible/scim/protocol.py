"""SCIM itself: requests are read, answered and told by its library, over the directory's operations."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from scim2_models import InvalidFilterException, Resource, ResourceType, SCIMException
from scim2_models.path import FilterVisitor, ScimFilter
from scim2_server.conditions import Conditions
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.routing import match
from scim2_server.service import ScimService

from mainstay.transports.compatible.scim import quirks
from mainstay.transports.compatible.scim.models import PROVIDER
from mainstay.transports.compatible.scim.storage import Ask, DirectoryStorage

COMPARISONS_MAX = 20
EXPRESSION_MAX = 2_000
_SERVICE = ScimService(PROVIDER)


@dataclass(frozen=True)
class Asked:
    """A request as the door has read it; `sent` is the body's JSON, None where there is none."""

    method: str
    base_url: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    sent: Any = None


@dataclass(frozen=True)
class Answered:
    """What is answered."""

    status: int
    body: Mapping[str, Any] | None
    headers: Mapping[str, str]


class _Handler(AsyncScimHandler):
    """Answers requests; a user who is replaced stays active, or not, unless it is said which."""

    def __init__(self, storage: DirectoryStorage, *, says_active: bool) -> None:
        super().__init__(_SERVICE, storage)
        self._says_active = says_active

    async def replace_resource(
        self,
        resource_type: ResourceType,
        current: Resource[Any],
        replacement: Resource[Any],
        conditions: Conditions,
    ) -> Resource[Any]:
        """Replace a resource."""
        before, after = cast("Any", current), cast("Any", replacement)
        if resource_type.name == "User" and not self._says_active:
            after.active = before.active
        return await super().replace_resource(resource_type, current, replacement, conditions)


def refused(method: str, path: str) -> Answered | None:
    """Say what is wrong with a method and a path, before a body is read."""
    try:
        match(method, path)
    except SCIMException as failure:
        response = _SERVICE.error_response(failure)
        return Answered(int(response.status), response.body, response.headers)
    return None


async def answer(asked: Asked, ask: Ask) -> Answered:
    """Answer a request; what the operations raise goes through."""
    try:
        query = {name: _read(name, value) for name, value in asked.query.items()}
        request = ScimRequest(
            method=asked.method,
            base_url=asked.base_url,
            path=asked.path,
            query=query,
            headers={**asked.headers, "Content-Type": "application/scim+json"},
            body=b"" if asked.sent is None else json.dumps(_tidied(asked)).encode(),
        )
        storage = DirectoryStorage(ask, strict="If-Match" in asked.headers)
        response = await _Handler(storage, says_active=quirks.says_active(asked.sent)).handle(request)
    except SCIMException as failure:
        response = _SERVICE.error_response(failure)
    return Answered(int(response.status), response.body, response.headers)


def _read(name: str, text: str) -> str:
    if name != "filter":
        return text
    tidy = quirks.expression(text)
    _refuse_elaborate(tidy)
    return tidy


def _tidied(asked: Asked) -> Any:
    """Put a body right, by what it is for."""
    if asked.path.endswith(".search"):
        sent = asked.sent
        if isinstance(sent, dict) and isinstance(sent.get("filter"), str):
            return {**sent, "filter": _read("filter", sent["filter"])}
        return sent
    if asked.method == "PATCH":
        return quirks.patch(asked.sent)
    return quirks.resource(asked.sent, is_user=asked.path.strip("/").casefold().startswith("users"))


def _refuse_elaborate(text: str) -> None:
    """Refuse a filter with more comparisons than anybody needs: each is tried on each user."""
    if len(text) > EXPRESSION_MAX:
        raise InvalidFilterException(detail=f"A filter has at most {EXPRESSION_MAX} characters.")
    if _Counting().visit(ScimFilter(text).ast) > COMPARISONS_MAX:
        raise InvalidFilterException(detail=f"A filter has at most {COMPARISONS_MAX} comparisons.")


class _Counting(FilterVisitor[int]):
    """Counts the comparisons of a filter."""

    def visit_not(self, node: Any) -> int:
        """Count those that are negated."""
        return self.visit(node.expr)

    def visit_logical_expr(self, node: Any) -> int:
        """Count those that are joined."""
        return sum(self.visit(term) for term in node.terms)

    def visit_present(self, node: Any) -> int:
        """Count one."""
        return 1

    def visit_comparison(self, node: Any) -> int:
        """Count one."""
        return 1

    def visit_value_path(self, node: Any) -> int:
        """Count those within the brackets."""
        return self.visit(node.val_filter)
