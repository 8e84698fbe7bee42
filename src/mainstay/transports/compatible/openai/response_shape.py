"""A response as the protocol shows it, before, while and after it is made."""

from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.transports.compatible.openai.response_request import ResponseRequest
from mainstay.transports.compatible.openai.talk import Cited, FileCited, Said

_CUT = {"length": "max_output_tokens", "content_filter": "content_filter"}


def begun(
    response_id: str, request: ResponseRequest, model: str, created_s: int, *, stored: bool
) -> dict[str, Any]:
    """Show a response of which nothing has come."""
    form: dict[str, Any] = {"type": "text"}
    if request.text is not None and request.text.format is not None:
        form = request.text.format.model_dump(exclude_none=True, by_alias=True)
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
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": stored,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": {"format": form},
        "tool_choice": request.tool_choice or "auto",
        "tools": [tool.model_dump() for tool in request.tools or ()],
        "top_logprobs": 0,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "truncation": "disabled",
        "usage": None,
        "user": None,
    }


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
        "usage": {
            "input_tokens": said.tokens_in,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": said.tokens_out,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": said.tokens_in + said.tokens_out,
        },
    }


def failed(response: Mapping[str, Any], output: Sequence[Mapping[str, Any]], message: str) -> dict[str, Any]:
    """Show a response that broke off."""
    return {
        **response,
        "status": "failed",
        "output": list(output),
        "error": {"code": "server_error", "message": message},
    }


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
