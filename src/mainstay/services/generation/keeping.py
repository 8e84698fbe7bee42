"""Whether an answer is given again instead of being asked for: to the same request, or to one like it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from mainstay.ports.chat import ChatModel
from mainstay.ports.encoder import Encoder
from mainstay.ports.failures import EncoderUnavailable
from mainstay.ports.languages import Languages
from mainstay.services.generation.caching import AnswerCache
from mainstay.services.generation.likeness import (
    QUESTION_CHARACTERS_MAX,
    Likenesses,
    Question,
    family_of,
)
from mainstay.services.generation.marks import MARKED, marks_of
from mainstay.services.generation.records import CacheWish, Completion
from mainstay.services.generation.run import Run
from mainstay.services.generation.store import RuleStore
from mainstay.services.generation.wanted import Wanted

UNASKED = 0
"""Seconds by which a request says nothing of a cache, so that its generator's own rule holds."""


@dataclass(frozen=True)
class Keep:
    """How one request goes with the cache; without seconds it does not."""

    key: str = ""
    seconds: int = 0
    similarity: float = 1.0
    question: Question | None = None


_NOT_KEPT = Keep()


class Keeping:
    """Looks answers up, and keeps them."""

    def __init__(
        self, cache: AnswerCache, likes: Likenesses, rules: RuleStore, encoder: Encoder, languages: Languages
    ) -> None:
        """Take the parts."""
        self._cache = cache
        self._likes = likes
        self._rules = rules
        self._encoder = encoder
        self._languages = languages

    async def look(self, run: Run, cache_s: int, wish: CacheWish | None) -> Keep:
        """Say how a request goes with the cache; an answer that is there is noted in the run."""
        wish = _wished(run.chain[0], cache_s, wish)
        if wish.mode == "off":
            return _NOT_KEPT
        rules = await self._rules.rules()
        if not rules.exact:
            return _NOT_KEPT
        key = self._cache.key(run.caller.tenant_id, run.chain[0].name, run.wanted, _version(run))
        if (same := self._cache.find(key)) is not None:
            run.cached = _given_again(same, run, 1.0)
            return _NOT_KEPT
        if wish.mode == "exact" or not rules.semantic:
            return Keep(key, wish.seconds)
        question = await self._question(run)
        near = None if question is None else self._likes.near(question, wish.similarity, self._cache)
        if near is not None and (found := self._cache.find(near.key)) is not None:
            run.cached = _given_again(found, run, near.similarity)
            return _NOT_KEPT
        return Keep(key, wish.seconds, wish.similarity, question)

    def keep(self, keep: Keep, run: Run, answer: Completion) -> None:
        """Keep a whole answer, where that is wanted."""
        if not keep.seconds or answer.reason not in {"stop", "tool_calls"}:
            return
        who = run.caller
        self._cache.keep(keep.key, answer, who.tenant_id, who.subject, keep.seconds)
        if keep.question is not None and answer.reason == "stop":
            self._likes.keep(keep.question, keep.key, keep.seconds)

    def forget(self, tenant_id: str, subject: str = "") -> None:
        """Drop what a tenant, or somebody of it, asked for."""
        self._cache.forget(tenant_id, subject)
        self._likes.forget(tenant_id, subject)

    async def _question(self, run: Run) -> Question | None:
        """Give the question of a request that may be answered by its meaning; None: it may not."""
        asked = _last_question(run.wanted)
        if not asked:
            return None
        language = await asyncio.to_thread(self._languages.detect, asked)
        if language not in MARKED or not self._encoder.knows(language):
            return None
        try:
            [vector] = await self._encoder.embed([asked], role="query")
        except EncoderUnavailable:
            return None
        who = run.caller
        told: dict[str, Any] = run.wanted.told()
        told["messages"] = told["messages"][:-1]
        family = family_of([who.tenant_id, who.subject, run.chain[0].name, told, _version(run)])
        return Question(family, who.tenant_id, who.subject, vector, marks_of(asked))


def _wished(model: ChatModel, cache_s: int, wish: CacheWish | None) -> CacheWish:
    """Give what the request wants, or else what its generator was set to."""
    if wish is not None:
        return wish
    if cache_s != UNASKED:
        return CacheWish(mode="exact", seconds=cache_s)
    own = model.cache
    if own is None:
        return CacheWish(mode="off")
    if own.similarity is None:
        return CacheWish(mode=own.mode, seconds=own.seconds)
    return CacheWish(mode=own.mode, seconds=own.seconds, similarity=own.similarity)


def _version(run: Run) -> str:
    """Name the version of a prompt that is asked: two that are compared share no answers."""
    return "" if run.prompt is None else f"{run.prompt.prompt}@{run.prompt.version}"


def _last_question(wanted: Wanted) -> str:
    """Give the user's last message where a request may be answered by its meaning, else nothing."""
    last = wanted.messages[-1]
    plain = not wanted.tools and not any(each.images or each.files or each.calls for each in wanted.messages)
    fits = last.role == "user" and len(last.content) <= QUESTION_CHARACTERS_MAX
    return last.content.strip() if plain and fits else ""


def _given_again(kept: Completion, run: Run, similarity: float) -> Completion:
    free = kept.usage.model_copy(update={"cost": 0.0})
    told = {"trace_id": run.trace_id, "cached": True, "similarity": similarity, "usage": free}
    return kept.model_copy(update=told)
