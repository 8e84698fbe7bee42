"""The kinds of models; one more kind is one more class here."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from mainstay.kit.errors import Invalid, NotFound
from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.cutting import cut, cut_pieces, tokens_of
from mainstay.transports.compatible.openai.errors import ModelMissing, ParameterUnsupported
from mainstay.transports.compatible.openai.naming import as_sent
from mainstay.transports.compatible.openai.talk import Cited, Part, Said, Talk

PREFIX = "mainstay/"
"""What stands before a collection's name where a model is named."""

BOT = "bot_"
"""How a bot's id begins."""

_WITHOUT = "leave it out, or ask a generator."
_WITHOUT_THESE = {
    "system": "leave instructions (the roles `system` and `developer`) out, or ask a generator.",
    "messages": "leave images, files and calls of tools out, or ask a generator.",
}

_NO_MODEL = {"field": "model", "problem": "There is no such model."}
_MISSING = frozenset({"GeneratorMissing", "CollectionMissing", "BotMissing"})


@dataclass(frozen=True)
class Model:
    """Something that can be talked to."""

    name: str
    owner: str
    created_s: int


class Kind(Protocol):
    """A kind of models."""

    operation: str
    """The operation that whoever talks to one has to be permitted."""

    def claims(self, name: str) -> bool:
        """Say whether a name is of this kind."""
        ...

    async def all(self, asked: Asked) -> Sequence[Model]:
        """List those that the caller may use."""
        ...

    async def whole(self, asked: Asked, name: str, talk: Talk) -> Said:
        """Let one answer; raises ModelMissing."""
        ...

    def pieces(self, asked: Asked, name: str, talk: Talk) -> AsyncIterator[Part]:
        """Let one answer piece by piece; raises ModelMissing."""
        ...


class Collections:
    """Grounded answers over a collection, as the model `mainstay/<collection>`.

    The last question alone is answered, from the collection's documents alone.
    """

    operation = "knowledge.answer"

    def claims(self, name: str) -> bool:
        """Say whether a name begins as theirs do."""
        return name.startswith(PREFIX)

    async def all(self, asked: Asked) -> Sequence[Model]:
        """List one for each collection whose documents the caller may read."""
        if not asked.has(self.operation) or not asked.has("knowledge.list_collections"):
            return []
        found = await asked("knowledge.list_collections")
        return [Model(PREFIX + each.name, "mainstay", each.created_ms // 1000) for each in found]

    async def whole(self, asked: Asked, name: str, talk: Talk) -> Said:
        """Answer the last question."""
        with _as_model():
            values = _question(asked, name, talk)
            return cut(_grounded(asked, values, await asked("knowledge.answer", **values)), talk.tokens_max)

    def pieces(self, asked: Asked, name: str, talk: Talk) -> AsyncIterator[Part]:
        """Answer the last question piece by piece; of what the whole says otherwise, the whole holds."""
        return cut_pieces(self._pieces(asked, name, talk), talk.tokens_max)

    async def _pieces(self, asked: Asked, name: str, talk: Talk) -> AsyncIterator[Part]:
        with _as_model():
            values = _question(asked, name, talk)
            shown = ""
            async for piece in asked.pieces("knowledge.stream_answer", **values):
                if piece.result is None:
                    shown += piece.text
                    yield Part(text=piece.text)
                    continue
                said = _grounded(asked, values, piece.result)
                yield Part(said=said if shown == said.text else _uncited(said, shown))


class Bots:
    """Bots, by their ids; the last thing that was said is a turn of a conversation that the bot keeps."""

    operation = "assistant.take_turn"

    def claims(self, name: str) -> bool:
        """Say whether a name is a bot's id."""
        return name.startswith(BOT)

    async def all(self, asked: Asked) -> Sequence[Model]:
        """List those that the caller may see and talk with."""
        if not asked.has(self.operation) or not asked.has("assistant.list_bots"):
            return []
        return [
            Model(each.bot_id, each.name, each.created_ms // 1000)
            for each in await asked("assistant.list_bots")
        ]

    async def whole(self, asked: Asked, name: str, talk: Talk) -> Said:
        """Take a turn."""
        with _as_model():
            turn = await asked(self.operation, **_turn(asked, name, talk))
            return cut(_turned(asked, turn), talk.tokens_max)

    def pieces(self, asked: Asked, name: str, talk: Talk) -> AsyncIterator[Part]:
        """Take a turn piece by piece."""
        return cut_pieces(self._pieces(asked, name, talk), talk.tokens_max)

    async def _pieces(self, asked: Asked, name: str, talk: Talk) -> AsyncIterator[Part]:
        with _as_model():
            async for piece in asked.pieces("assistant.stream_turn", **_turn(asked, name, talk)):
                if piece.text:
                    yield Part(text=piece.text)
                if piece.result is not None:
                    yield Part(said=_turned(asked, piece.result))


class Generators:
    """Generators, by the name that the operator gave them."""

    operation = "generation.complete"

    def claims(self, name: str) -> bool:
        """Say that any name may be one."""
        return bool(name)

    async def all(self, asked: Asked) -> Sequence[Model]:
        """List them, if the caller may use them."""
        if not asked.has("generation.list_generators"):
            return []
        found = await asked("generation.list_generators")
        return [Model(each.name, "generator", 0) for each in found]

    async def whole(self, asked: Asked, name: str, talk: Talk) -> Said:
        """Let one go on with the conversation."""
        _refuse_conversation(talk)
        with _as_model():
            return _completed(await asked(self.operation, generator=name, **talk.values()))

    async def pieces(self, asked: Asked, name: str, talk: Talk) -> AsyncIterator[Part]:
        """Let one go on piece by piece."""
        _refuse_conversation(talk)
        with _as_model():
            values = talk.values()
            async for piece in asked.pieces("generation.stream_complete", generator=name, **values):
                if piece.result is not None:
                    yield Part(said=_completed(piece.result))
                elif piece.call is not None:
                    yield Part(call=piece.call.model_dump())
                else:
                    yield Part(text=piece.text)


KINDS: Sequence[Kind] = (Collections(), Bots(), Generators())
"""Who is asked first whether a name is of its kind stands first."""


def kind_of(asked: Asked, name: str) -> Kind:
    """Give the kind of a model; raises ModelMissing, or PermissionMissing for who may not use it."""
    found = next((kind for kind in KINDS if kind.claims(name)), None)
    if found is None or found.operation not in asked.operations:
        raise _missing()
    asked.application.guard.authorise(asked.caller, asked.operations[found.operation])
    return found


@contextmanager
def _as_model() -> Iterator[None]:
    """Tell what is not there as a model."""
    try:
        yield
    except NotFound as missing:
        if missing.code() not in _MISSING:
            raise
        raise _missing() from None


@contextmanager
def only_model(name: str) -> Iterator[None]:
    """Tell that another model than the installation's was named; `name` is what it always goes by."""
    try:
        yield
    except Invalid as failure:
        if failure.code() != "ModelOther":
            raise
        told = f"There is no such model. Here it is `{name}`, which {failure.problems[0]['problem']}: "
        told += "what another model gives would not fit its own."
        raise ModelMissing(told, problems=[_NO_MODEL]) from None


def _missing() -> ModelMissing:
    told = (
        "There is no such model. A bot goes by its id, a collection as `mainstay/NAME`, a generator by its "
        "name; GET /v1/models lists those that you may use."
    )
    return ModelMissing(told, problems=[_NO_MODEL])


def _turn(asked: Asked, name: str, talk: Talk) -> dict[str, Any]:
    """Give what a bot is told; raises ParameterUnsupported for what it cannot heed.

    Whoever names no conversation goes on with the one in which what she shows was said.
    """
    values = {"bot_id": name, "text": _last_said(asked, talk, "A bot does as it was made to")}
    if talk.conversation:
        whose = {"transcript": {"messages": [], "end_user": talk.end_user}} if talk.end_user else {}
        return {**values, "conversation_id": talk.conversation, **whose}
    last = max(place for place, each in enumerate(talk.messages) if each["role"] == "user")
    before = [
        {"role": each["role"], "content": each["content"]}
        for each in talk.messages[:last]
        if each["role"] in {"user", "assistant"}
    ]
    return {**values, "transcript": {"messages": before, "end_user": talk.end_user}}


def _question(asked: Asked, name: str, talk: Talk) -> dict[str, Any]:
    """Give what a collection is asked; raises ParameterUnsupported for what it cannot heed."""
    _refuse_conversation(talk)
    question = _last_said(asked, talk, "A collection answers from its documents alone")
    return {"question": question, "collection": name.removeprefix(PREFIX)}


def _refuse_conversation(talk: Talk) -> None:
    if talk.conversation:
        raise unsupported("conversation", "Bots alone keep conversations; send the messages so far.")


def _last_said(asked: Asked, talk: Talk, why: str) -> str:
    """Give the last question; raises ParameterUnsupported for what would change a generator's answer.

    How chance is to choose (`temperature`, `top_p`, `seed`) would not: nothing is left to it here.
    """
    unheeded = {
        "prompt": talk.prompt,
        "system": any(each["role"] == "system" for each in talk.messages),
        "messages": any(
            each.get("images") or each.get("files") or each.get("calls") or "call_id" in each
            for each in talk.messages
        ),
        "tools": talk.tools,
        "tool_choice": talk.tool_choice not in {"auto", "none"},
        "stop": talk.stop,
        "cache_s": talk.cache_s,
        "answer_format": talk.answer_format is not None,
    }
    for field, given in unheeded.items():
        if given:
            raise unsupported(as_sent(field, asked.names), f"{why}: {_WITHOUT_THESE.get(field, _WITHOUT)}")
    said: list[str] = [message["content"] for message in talk.messages if message["role"] == "user"]
    if not said:
        raise unsupported(as_sent("messages", asked.names), "Add a message of the role `user`.")
    return said[-1]


def unsupported(field: str, problem: str) -> ParameterUnsupported:
    """Refuse a parameter."""
    return ParameterUnsupported(
        f"`{field}` is not supported here. {problem}", problems=[{"field": field, "problem": problem}]
    )


def _grounded(asked: Asked, values: dict[str, Any], answer: Any) -> Said:
    return Said(
        answer_id=asked.exchange.request_id,
        text=answer.answer,
        reason="stop",
        tokens_in=tokens_of(values["question"]),
        tokens_out=tokens_of(answer.answer),
        cited=_cited(asked, answer),
    )


def _turned(asked: Asked, turn: Any) -> Said:
    return Said(
        answer_id=turn.turn_id,
        text=turn.reply,
        reason="stop",
        tokens_in=tokens_of(turn.text),
        tokens_out=tokens_of(turn.reply),
        cited=_cited(asked, turn),
        conversation=turn.conversation_id,
    )


def _cited(asked: Asked, answer: Any) -> list[Cited]:
    """Give what stands behind which sentence of an answer, or of a turn's reply."""
    base = asked.exchange.settings.address.url
    return [
        Cited(
            start=answer.sentences[each.sentence].start,
            end=answer.sentences[each.sentence].end,
            url=f"{base}/v1/documents/{quote(each.doc_id, safe='')}#char={each.start},{each.end}",
            title=each.title or each.doc_id,
            doc_id=each.doc_id,
            quote=each.text,
        )
        for each in answer.citations
        if each.sentence < len(answer.sentences)
    ]


def _uncited(said: Said, shown: str) -> Said:
    """Give what was shown as the whole: places in another text would point beside the words."""
    return Said(said.answer_id, shown, said.reason, (), said.tokens_in, said.tokens_out)


def _completed(answer: Any) -> Said:
    calls = [call.model_dump() for call in answer.calls]
    usage = answer.usage
    return Said(answer.trace_id, answer.text, answer.reason, calls, usage.input, usage.output)
