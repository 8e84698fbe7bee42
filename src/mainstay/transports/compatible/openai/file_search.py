"""File search as a tool of responses: passages of vector stores are found before the question is asked.

The generator is not asked to call for them: any can then answer from files, also one that knows no functions,
a question costs one request, and what was found stands where texts of others do, marked and screened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.citing import ASKED, NOTHING, Passage
from mainstay.transports.compatible.openai.filters import Filters, compiled
from mainstay.transports.compatible.openai.kinds import Generators, Kind, unsupported
from mainstay.transports.compatible.openai.talk import Talk
from mainstay.transports.compatible.openai.vector_stores import RankingOptions

KIND = "file_search"
ITEM = "file_search_call"
RESULTS = "file_search_call.results"
"""What `include` names, for whoever wants to see what was found."""

_SEARCH = "knowledge.search_vector_stores"
_QUERIES_MAX, _QUERY_MAX, _TITLE_MAX = 2, 4_000, 200


class FileSearch(BaseModel):
    """The tool, with the vector stores in which passages are looked for."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["file_search"]
    vector_store_ids: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]], Field(min_length=1, max_length=50)
    ]
    max_num_results: Annotated[int | None, Field(ge=1, le=50)] = None
    filters: Filters | None = None
    ranking_options: RankingOptions | None = None

    @property
    def results_max(self) -> int:
        """Give how many passages are looked for."""
        return self.max_num_results or 10


@dataclass(frozen=True)
class Searched:
    """What was looked for, and what was found; `items` are the response's items that tell of it."""

    talk: Talk
    items: Sequence[Mapping[str, Any]] = ()
    passages: Sequence[Passage] = ()
    cites: bool = False


def search_of(tools: Sequence[Any], choice: str | Mapping[str, Any] | None) -> FileSearch | None:
    """Give the search that a request wants; raises ParameterUnsupported for two of them.

    None is wanted where tools are not to be used, or a function has to be called.
    """
    found = [tool for tool in tools if isinstance(tool, FileSearch)]
    if len(found) > 1:
        raise unsupported("tools", "Name all vector stores in one `file_search`.")
    forced = choice.get("type") if isinstance(choice, Mapping) else choice
    if forced == KIND and not found:
        raise unsupported("tool_choice", "Offer `file_search` among the tools.")
    return found[0] if found and forced in {None, "auto", "required", KIND} else None


async def searched(
    asked: Asked, kind: Kind, talk: Talk, wanted: FileSearch | None, *, results: bool
) -> Searched:
    """Find passages for the last questions, and add them to what is said; raises what searching does."""
    if wanted is None:
        return Searched(talk)
    if not isinstance(kind, Generators):
        raise unsupported("tools", "Collections and bots search on their own; ask a generator.")
    if _SEARCH not in asked.operations:
        raise unsupported("tools", "Vector stores are not served here: leave `file_search` out.")
    queries = _queries(talk)
    if not queries:
        return Searched(talk)
    found = await asked(
        _SEARCH,
        store_ids=wanted.vector_store_ids,
        queries=queries,
        top_k=wanted.results_max,
        filters=None if wanted.filters is None else compiled(wanted.filters),
        **(wanted.ranking_options or RankingOptions()).asked,
    )
    cites = bool(found) and talk.answer_format is None
    return Searched(
        _told(talk, found, cites=cites),
        [_item(asked.ids.new("fs"), queries, found if results else None)],
        [Passage(each.file_id, each.name, each.doc_id, each.start, each.end) for each in found],
        cites,
    )


def without_results(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Take what was found out of items that are kept: it stays with the files, and goes with them."""
    return [{**item, "results": None} if item.get("type") == ITEM else dict(item) for item in items]


def _queries(talk: Talk) -> list[str]:
    """Give the last question, and the one before, without which a short one may say nothing."""
    said = [message["content"].strip() for message in talk.messages if message["role"] == "user"]
    return [text[:_QUERY_MAX] for text in said if text][: -_QUERIES_MAX - 1 : -1]


def _told(talk: Talk, found: Sequence[Any], *, cites: bool) -> Talk:
    """Add passages as documents, and say how to cite them; an answer in a form has no place for that."""
    note = ASKED if cites else "" if found else NOTHING
    messages = list(talk.messages)
    if note and messages and messages[0]["role"] == "system":
        messages[0] = {**messages[0], "content": f"{messages[0]['content']}\n\n{note}"}
    elif note:
        messages.insert(0, {"role": "system", "content": note})
    documents = [{"text": each.text, "title": each.name[:_TITLE_MAX]} for each in found]
    choice = "auto" if talk.tool_choice == "required" else talk.tool_choice  # a tool was used already
    return replace(talk, messages=messages, documents=documents, tool_choice=choice)


def _item(item_id: str, queries: Sequence[str], found: Sequence[Any] | None) -> dict[str, Any]:
    results = None
    if found is not None:
        results = [
            {
                "file_id": hit.file_id,
                "vector_store_id": hit.store_id,
                "filename": hit.name,
                "score": hit.score,
                "attributes": hit.attributes,
                "text": hit.text,
            }
            for hit in found
        ]
    return {"id": item_id, "type": ITEM, "status": "completed", "queries": list(queries), "results": results}
