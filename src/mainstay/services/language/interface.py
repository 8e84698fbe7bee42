"""What a text says: key phrases, summaries, languages, labels, vectors, personal data, translations."""

from typing import Annotated

from pydantic import Field

from mainstay.kernel.interface import Interface, reads
from mainstay.ports.encoder import EncoderUnavailable
from mainstay.ports.rerankers import RerankerUnavailable
from mainstay.services.language.failures import (
    DimensionsTooMany,
    TextUnclear,
)
from mainstay.services.language.limits import (
    Action,
    Alternatives,
    Dimensions,
    Kinds,
    ManyTexts,
    OneText,
    Query,
    Region,
    Role,
    Text,
    Texts,
    TopN,
)
from mainstay.services.language.records import (
    DetectionAnswer,
    Embeddings,
    PersonalDataAnswer,
    Ranking,
    Restored,
    Similarity,
)

_USE = "language:use"
_SENTENCE = "The AI platform is highly scalable and secure."


class Language(Interface):
    """Analysis of texts; nothing of them is stored."""

    @reads(
        "POST /nlp/detect-language",
        may=_USE,
        fails=(TextUnclear,),
        example={"text": "Wo liegt der Schlüssel?"},
    )
    async def detect_language(
        self, text: OneText = None, texts: Texts = None, alternatives: Alternatives = 3
    ) -> DetectionAnswer:
        """Tell in which language a text is written, how sure that is, and which parts are in others."""

    @reads(
        "POST /nlp/similarity",
        may=_USE,
        fails=(TextUnclear, EncoderUnavailable),
        example={"left": "How do I rotate a key?", "right": "Changing credentials"},
    )
    async def compare_texts(
        self,
        left: Annotated[Text | None, Field(description="Compared with `right`.")] = None,
        right: Annotated[Text | None, Field(description="Compared with `left`.")] = None,
        texts: Annotated[
            ManyTexts | None, Field(description="Instead of a pair: each is compared with each.")
        ] = None,
    ) -> Similarity:
        """Say how near texts are in meaning: the cosine of their vectors."""

    @reads(
        "POST /nlp/embed",
        may=_USE,
        fails=(TextUnclear, DimensionsTooMany, EncoderUnavailable),
        example={"texts": [_SENTENCE]},
    )
    async def embed(
        self, texts: ManyTexts, role: Role = "passage", dimensions: Dimensions | None = None
    ) -> Embeddings:
        """Turn texts into vectors whose cosine says how near their meanings are."""

    @reads(
        "POST /nlp/rerank",
        may=_USE,
        fails=(TextUnclear, EncoderUnavailable, RerankerUnavailable),
        example={"query": "rotate a key", "texts": ["Keys are rotated by …", "The office opens at nine."]},
    )
    async def rerank(self, query: Query, texts: ManyTexts, top_n: TopN | None = None) -> Ranking:
        """Order texts by how well they answer a query.

        By the reranker where one is set (`MAINSTAY_RERANKER`), else by meaning and shared words; the answer
        says by which.
        """

    @reads(
        "POST /nlp/pii",
        may=_USE,
        fails=(TextUnclear,),
        example={"text": "Write to ada@example.com.", "action": "mask"},
    )
    async def find_personal_data(
        self,
        text: OneText = None,
        texts: Texts = None,
        action: Action = "find",
        kinds: Kinds | None = None,
        region: Region = "",
    ) -> PersonalDataAnswer:
        """Find personal data in a text, and replace it where that is asked for.

        E-mail addresses, telephone numbers, payment cards, bank accounts, IP addresses, credentials in URLs,
        national ids with a checksum, dates of birth. Tokens are encrypted with your tenant's key: the same
        value has the same token within one request, and only your tenant can turn it back.
        """

    @reads(
        "POST /nlp/pii/restore",
        may="personal_data:restore",
        secret=True,
        example={"text": "Write to [pii:email:AgAB]."},
    )
    async def restore_personal_data(self, text: Text) -> Restored:
        """Turn tokens that `POST /nlp/pii` made back into what they stand for.

        Tokens that were changed, whose tenant was erased or that are another tenant's stay as they are.
        """
