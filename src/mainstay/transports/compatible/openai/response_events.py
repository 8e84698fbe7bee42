"""A response while it is made: events in the order in which the protocol has them, each numbered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mainstay.transports.compatible.openai import response_shape as shape
from mainstay.transports.compatible.openai.replies import named
from mainstay.transports.compatible.openai.talk import Cited, FileCited, Part


class _Item:
    """An item that is being made."""

    def __init__(self, item_id: str, index: int, call: Mapping[str, Any] | None = None) -> None:
        self.item_id = item_id
        self.index = index
        self.call = call
        self.texts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def shown(self, status: str, cited: Sequence[Cited | FileCited] = ()) -> dict[str, Any]:
        if self.call is None:
            return shape.message_item(self.item_id, self.text, cited, status)
        return shape.call_item(self.item_id, {**self.call, "arguments": self.text}, status)


class ResponseEvents:
    """Writes events, and keeps the items that they make."""

    def __init__(self, response: Mapping[str, Any], new_id: Callable[[str], str]) -> None:
        """Take the response as it begins, and what makes ids of items."""
        self._response = response
        self._new_id = new_id
        self._number = 0
        self._text: _Item | None = None
        self._calls: dict[int, _Item] = {}
        self.output: list[dict[str, Any]] = []

    def begin(self) -> Iterator[bytes]:
        """Say that the response is being made."""
        yield self._event("response.created", response=self._response)
        yield self._event("response.in_progress", response=self._response)

    def searched(self, item: Mapping[str, Any]) -> Iterator[bytes]:
        """Tell of a search of files that was made before the first piece."""
        at = {"item_id": item["id"], "output_index": len(self.output)}
        begun = {**item, "status": "in_progress", "results": None}
        self.output.append(dict(item))
        yield self._event("response.output_item.added", output_index=at["output_index"], item=begun)
        for state in ("in_progress", "searching", "completed"):
            yield self._event(f"response.file_search_call.{state}", **at)
        yield self._event("response.output_item.done", output_index=at["output_index"], item=item)

    def take(self, part: Part) -> Iterator[bytes]:
        """Tell of a piece."""
        if part.call:
            yield from self._call(part.call)
        elif part.text:
            if self._text is None:
                yield from self._begin_text()
            yield from self._add_text(part.text)

    def blank(self) -> Iterator[bytes]:
        """Tell of a message without a word, where a model said nothing."""
        if self._text is None:
            yield from self._begin_text()

    def close(self, cited: Sequence[Cited | FileCited], status: str = "completed") -> Iterator[bytes]:
        """Say that every item is done; `status` is the last one's, those before it are whole."""
        last = len(self.output) - 1
        if self._text is not None:
            yield from self._end_text(cited, status if self._text.index == last else "completed")
        for item in self._calls.values():
            at = {"item_id": item.item_id, "output_index": item.index}
            name = str((item.call or {}).get("name", ""))
            yield self._event("response.function_call_arguments.done", name=name, arguments=item.text, **at)
            yield self._done(item, item.shown(status if item.index == last else "completed"))
        self._calls.clear()

    def end(self, kind: str, response: Mapping[str, Any]) -> bytes:
        """Say how the response ended: `completed`, `incomplete` or `failed`."""
        return self._event(f"response.{kind}", response=response)

    def _event(self, kind: str, **values: Any) -> bytes:
        told = {"type": kind, "sequence_number": self._number, **values}
        self._number += 1
        return named(kind, told)

    def _add(self, item: _Item) -> bytes:
        self.output.append(item.shown("in_progress"))
        return self._event("response.output_item.added", output_index=item.index, item=self.output[-1])

    def _done(self, item: _Item, shown: dict[str, Any]) -> bytes:
        self.output[item.index] = shown
        return self._event("response.output_item.done", output_index=item.index, item=shown)

    def _begin_text(self) -> Iterator[bytes]:
        self._text = item = _Item(self._new_id("msg"), len(self.output))
        yield self._add(item)
        yield self._event("response.content_part.added", **_place(item), part=shape.text_part("", ()))

    def _add_text(self, text: str) -> Iterator[bytes]:
        item = self._text
        if item is not None:
            item.texts.append(text)
            yield self._event("response.output_text.delta", **_place(item), delta=text, logprobs=[])

    def _end_text(self, cited: Sequence[Cited | FileCited], status: str) -> Iterator[bytes]:
        item, self._text = self._text, None
        if item is None:
            return
        place = _place(item)
        for number, each in enumerate(cited):
            told = {**place, "annotation_index": number, "annotation": shape.annotation(each)}
            yield self._event("response.output_text.annotation.added", **told)
        yield self._event("response.output_text.done", **place, text=item.text, logprobs=[])
        yield self._event("response.content_part.done", **place, part=shape.text_part(item.text, cited))
        yield self._done(item, item.shown(status, cited))

    def _call(self, call: Mapping[str, Any]) -> Iterator[bytes]:
        item = self._calls.get(call["index"])
        if item is None:
            yield from self._end_text((), "completed")
            item = _Item(self._new_id("fc"), len(self.output), {**call, "arguments": ""})
            self._calls[call["index"]] = item
            yield self._add(item)
        if call["arguments"]:
            item.texts.append(call["arguments"])
            at = {"item_id": item.item_id, "output_index": item.index}
            yield self._event("response.function_call_arguments.delta", delta=call["arguments"], **at)


def _place(item: _Item) -> dict[str, Any]:
    return {"item_id": item.item_id, "output_index": item.index, "content_index": 0}
