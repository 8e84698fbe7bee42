"""Answers questions about texts; nothing is stored."""

from collections.abc import Sequence

from mainstay.kernel.interface import Record
from mainstay.ports.encoder import Role
from mainstay.ports.personal_data import AnyKind
from mainstay.services.language.analysing import Analysing
from mainstay.services.language.extracting import Extracting
from mainstay.services.language.given import given
from mainstay.services.language.interface import Language
from mainstay.services.language.labelling import Labelling
from mainstay.services.language.limits import ALL_PARTS, Long, Part
from mainstay.services.language.meanings import Meanings
from mainstay.services.language.moderating import Moderating
from mainstay.services.language.moderation_records import ModerationAnswer
from mainstay.services.language.private import Private, Wanted
from mainstay.services.language.records import (
    Analysis,
    ClassificationAnswer,
    DetectionAnswer,
    Embeddings,
    KeywordsAnswer,
    Label,
    PersonalDataAnswer,
    Ranking,
    Restored,
    Similarity,
    Summary,
    Translation,
)
from mainstay.services.language.shortening import Shortening
from mainstay.services.language.telling import Telling
from mainstay.services.language.topic_records import TopicAnswer
from mainstay.services.language.topics import Topics
from mainstay.services.language.translating import Translating


class LanguageService(Language):
    """The language service."""

    def __init__(
        self,
        analysing: Analysing,
        extracting: Extracting,
        shortening: Shortening,
        labelling: Labelling,
        meanings: Meanings,
        telling: Telling,
        private: Private,
        translating: Translating,
        moderating: Moderating,
        topics: Topics,
    ) -> None:
        """Take the parts."""
        self._analysing = analysing
        self._extracting = extracting
        self._shortening = shortening
        self._labelling = labelling
        self._translating = translating
        self._moderating = moderating
        self._topics = topics
        self._meanings = meanings
        self._telling = telling
        self._private = private

    async def analyze(
        self,
        text: str | None = None,
        texts: list[str] | None = None,
        parts: list[Part] = ALL_PARTS,
        language: str | None = None,
    ) -> Analysis | list[Analysis]:
        """Say what texts say."""
        found = await self._analysing.analyze(given(text, texts), frozenset(parts), language)
        return found if text is None else found[0]

    async def extract_keywords(
        self, text: str | None = None, texts: list[str] | None = None, top_k: int = 10
    ) -> KeywordsAnswer:
        """Give key phrases."""
        found = await self._extracting.extract(given(text, texts), top_k)
        return KeywordsAnswer(**_answer(text, found))

    async def summarize(
        self, text: str, sentences: int | None = None, words: int | None = None, style: str = "extractive"
    ) -> Summary:
        """Give a text in fewer words."""
        return await self._shortening.summarize(text, sentences, words, style)

    async def classify(
        self,
        labels: list[Label],
        text: str | None = None,
        texts: list[str] | None = None,
        multi: bool = False,
        forced: bool = False,
    ) -> ClassificationAnswer:
        """Say which labels fit."""
        found = await self._labelling.classify(given(text, texts), labels, multi=multi, forced=forced)
        return ClassificationAnswer(**_answer(text, found))

    async def find_topics(self, texts: list[str], count: int | None = None) -> TopicAnswer:
        """Say what texts are about."""
        return await self._topics.find(texts, count)

    async def detect_language(
        self, text: str | None = None, texts: list[str] | None = None, alternatives: int = 3
    ) -> DetectionAnswer:
        """Tell languages."""
        found = await self._telling.detect(given(text, texts), alternatives)
        return DetectionAnswer(**_answer(text, found))

    async def compare_texts(
        self, left: str | None = None, right: str | None = None, texts: list[str] | None = None
    ) -> Similarity:
        """Compare texts."""
        return await self._meanings.compare(left, right, texts)

    async def embed(
        self,
        texts: list[str],
        role: Role = "passage",
        dimensions: int | None = None,
        long: Long = "cut",
        encoder: str | None = None,
    ) -> Embeddings:
        """Turn texts into vectors."""
        return await self._meanings.embed(texts, role, dimensions, long=long, encoder=encoder)

    async def rerank(
        self, query: str, texts: list[str], top_n: int | None = None, reranker: str | None = None
    ) -> Ranking:
        """Order texts."""
        return await self._meanings.rank(query, texts, top_n, reranker=reranker)

    async def find_personal_data(
        self,
        text: str | None = None,
        texts: list[str] | None = None,
        action: str = "find",
        kinds: list[AnyKind] | None = None,
        region: str = "",
        language: str | None = None,
        names_score_min: float = 0.5,
    ) -> PersonalDataAnswer:
        """Find personal data."""
        wanted = Wanted(action, kinds, region, language, names_score_min)
        found = await self._private.find(given(text, texts), wanted)
        return PersonalDataAnswer(**_answer(text, found))

    async def moderate(
        self, text: str | None = None, texts: list[str] | None = None, language: str | None = None
    ) -> ModerationAnswer:
        """Judge texts."""
        found = await self._moderating.moderate(given(text, texts), language)
        return ModerationAnswer(**_answer(text, found))

    async def translate(
        self,
        target: str,
        text: str | None = None,
        texts: list[str] | None = None,
        source: str | None = None,
    ) -> Translation:
        """Translate texts."""
        done = await self._translating.translate(given(text, texts), source, target)
        if text is None:
            return done
        [only] = done.results
        return done.model_copy(update={"text": only.text, "source": only.source, "results": []})

    async def restore_personal_data(self, text: str) -> Restored:
        """Turn tokens back."""
        return await self._private.restore(text)


def _answer(text: str | None, found: Sequence[Record]) -> dict[str, object]:
    """Put the answer to one text on top, and those to several into `results`."""
    return {"results": found} if text is None else dict(found[0])
