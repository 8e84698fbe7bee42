"""A response as the protocol shows it, before, while and after it is made."""

from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.transports.compatible.openai.file_search import FileSearch
from mainstay.transports.compatible.openai.response_request import (
    Item,
    ResponseRequest,
    TextFormat,
    TextOptions,
    Tool,
)
from mainstay.transports.compatible.openai.talk import Cited, FileCited, Said

_CUT = {"length": "max_output_tokens", "content_filter": "content_filter"}


def begun(
    response_id: str, request: ResponseRequest, model: str, created_s: int, *, stored: bool
) -> dict[str, Any]:
    """Show a response of which nothing has come."""
    return {
        "id": response_id,
        "object": "response",
        "created_at": created_s,
        "completed_at": None,
        "status": "in_progress",
        "background": False,
        "conversation": None,
        "error": None,
        "frequency_penalty": 0.0,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": None,
        "metadata": request.metadata or {},
        "model": model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "presence_penalty": 0.0,
        "previous_response_id": request.previous_response_id,
        "prompt": None if request.prompt is None else request.prompt.model_dump(),
        "prompt_cache_key": request.prompt_cache_key,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": request.safety_identifier,
        "service_tier": "default",
        "store": stored,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": _text(request.text),
        "tool_choice": request.choice,
        "tools": [_tool(tool) for tool in request.tools or ()],
        "top_logprobs": 0,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "truncation": "disabled",
        "usage": None,
        "user": request.user,
    }


def _text(wanted: TextOptions | None) -> dict[str, Any]:
    """Show what was wanted of the text; of a schema every member has to be there."""
    form = TextFormat() if wanted is None or wanted.format is None else wanted.format
    shown: dict[str, Any] = {"type": form.type}
    if form.type == "json_schema":
        shown |= {
            "name": form.name or "answer",
            "description": form.description,
            "schema": form.schema_,
            "strict": bool(form.strict),
        }
    verbosity = None if wanted is None else wanted.verbosity
    return {"format": shown} if verbosity is None else {"format": shown, "verbosity": verbosity}


def _tool(tool: Tool | FileSearch) -> dict[str, Any]:
    """Show a tool, with what holds where nothing was said."""
    shown = tool.model_dump()
    if isinstance(tool, FileSearch):
        ranking = {"ranker": "auto", "score_threshold": 0.0}
        ranking |= {
            name: value for name, value in (shown["ranking_options"] or {}).items() if value is not None
        }
        shown |= {"max_num_results": tool.results_max, "ranking_options": ranking}
    return shown


def ended(
    response: Mapping[str, Any], said: Said, output: Sequence[Mapping[str, Any]], now_s: int
) -> dict[str, Any]:
    """Show a response that is done, or that was cut."""
    cut = _CUT.get(said.reason)
    return {
        **response,
        "status": "incomplete" if cut else "completed",
        "completed_at": None if cut else now_s,
        "conversation": {"id": said.conversation} if said.conversation else None,
        "incomplete_details": {"reason": cut} if cut else None,
        "output": list(output),
        "usage": usage(said),
    }


def usage(said: Said) -> dict[str, Any]:
    """Show the tokens that an answer took."""
    return {
        "input_tokens": said.tokens_in,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": said.tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": said.tokens_in + said.tokens_out,
    }


def failed(response: Mapping[str, Any], output: Sequence[Mapping[str, Any]], message: str) -> dict[str, Any]:
    """Show a response that broke off."""
    return {
        **response,
        "status": "failed",
        "output": list(output),
        "error": {"code": "server_error", "message": message},
    }


def as_input(item: Item) -> Item:
    """Show an item as a list has it: a message in parts, with what may be left out where it is sent."""
    content = item.get("content")
    if item.get("type") == "message" and isinstance(content, list):
        return {**item, "content": [_part(part) for part in content]}
    if item.get("type") != "message" or not isinstance(content, str):
        return item
    if item.get("role") == "assistant":
        parts = [{"type": "output_text", "text": content, "annotations": [], "logprobs": []}]
    else:
        parts = [{"type": "input_text", "text": content}]
    return {**item, "content": parts, "status": item.get("status", "completed")}


def _part(part: Any) -> Any:
    if not isinstance(part, dict) or part.get("type") != "input_image":
        return part
    return {**part, "detail": part.get("detail") or "auto"}


def message_item(item_id: str, text: str, cited: Sequence[Cited | FileCited], status: str) -> dict[str, Any]:
    """Show a message of the model."""
    content = [] if status == "in_progress" else [text_part(text, cited)]
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}


def text_part(text: str, cited: Sequence[Cited | FileCited]) -> dict[str, Any]:
    """Show a text with its citations."""
    return {
        "type": "output_text",
        "text": text,
        "annotations": [annotation(each) for each in cited],
        "logprobs": [],
    }


def annotation(cited: Cited | FileCited) -> dict[str, Any]:
    """Show a citation, with the words of the source besides, or where in the file's text they stand."""
    if isinstance(cited, FileCited):
        return {
            "type": "file_citation",
            "index": cited.index,
            "file_id": cited.file_id,
            "filename": cited.name,
            "doc_id": cited.doc_id,
            "start": cited.start,
            "end": cited.end,
        }
    return {
        "type": "url_citation",
        "start_index": cited.start,
        "end_index": cited.end,
        "url": cited.url,
        "title": cited.title,
        "doc_id": cited.doc_id,
        "quote": cited.quote,
    }


def call_item(item_id: str, call: Mapping[str, Any], status: str) -> dict[str, Any]:
    """Show a call that the model asks for."""
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "call_id": call["call_id"],
        "name": call["name"],
        "arguments": call["arguments"],
    }
