"""What a text says: key phrases, summaries, languages, labels, vectors, personal data, translations."""

from typing import Annotated

from pydantic import Field

from mainstay.kernel.interface import Interface, reads
from mainstay.ports.failures import EncoderUnavailable
from mainstay.ports.generator import GeneratorUnavailable
from mainstay.ports.readers import ReaderUnavailable
from mainstay.ports.rerankers import RerankerUnavailable
from mainstay.ports.translators import TranslatorUnavailable
from mainstay.services.language.failures import (
    DimensionsTooMany,
    FindingsTooMany,
    LabelsUnclear,
    LengthUnclear,
    ModelOther,
    TextTooLong,
    TextUnclear,
    TranslationUnavailable,
    WordsUnavailable,
)
from mainstay.services.language.limits import (
    ALL_PARTS,
    Action,
    Alternatives,
    Dimensions,
    EmbeddedTexts,
    Hint,
    KeywordsTop,
    Kinds,
    Long,
    ManyTexts,
    Named,
    NameScore,
    OneText,
    Parts,
    Query,
    Region,
    Role,
    SentencesWanted,
    Style,
    Text,
    Texts,
    TopicsWanted,
    TopicTexts,
    TopN,
    WordsWanted,
)
from mainstay.services.language.limits import Language as LanguageCode
from mainstay.services.language.moderation_records import ModerationAnswer
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
from mainstay.services.language.topic_records import TopicAnswer

_USE = "language:use"
_SENTENCE = "The AI platform is highly scalable and secure."


class Language(Interface):
    """Analysis of texts; nothing of them is stored."""

    @reads(
        "POST /nlp/analyze",
        may=_USE,
        batched=True,
        fails=(TextUnclear, FindingsTooMany, ReaderUnavailable),
        example={"text": _SENTENCE},
    )
    async def analyze(
        self,
        text: OneText = None,
        texts: Texts = None,
        parts: Parts = ALL_PARTS,
        language: Hint = None,
    ) -> Analysis | list[Analysis]:
        """Say what a text says: sentiment, names and key terms, dates and amounts, its language.

        One pass of the encoder feeds small heads that were trained on texts written for this project, in
        English; `unsupported` says what is not known of another language (`mainstay train-heads` teaches
        it). A text of 80 characters at most that may be in a known language is read by it: `read_as`. Dates,
        amounts and personal data are found by rules, with checksums where there are any, 50,000 in a request
        at most. Of `texts`, the answer is a list, one analysis each, in their order.
        """

    @reads(
        "POST /nlp/keywords",
        may=_USE,
        fails=(TextUnclear,),
        example={"text": _SENTENCE, "top_k": 5},
    )
    async def extract_keywords(
        self, text: OneText = None, texts: Texts = None, top_k: KeywordsTop = 10
    ) -> KeywordsAnswer:
        """Give a text's key phrases, best first.

        Phrases are the longest runs of words without stop words or punctuation (RAKE: Rose et al. 2010),
        weighed by how many words they have, how often they stand there and how early. Stop words are known
        of 14 languages; in others short words end a phrase. The first 100,000 characters are looked at.
        """

    @reads(
        "POST /nlp/summarize",
        may=_USE,
        fails=(LengthUnclear, WordsUnavailable, EncoderUnavailable, GeneratorUnavailable),
        example={"text": f"{_SENTENCE} It was built in 2024. It runs on one machine.", "sentences": 1},
    )
    async def summarize(
        self,
        text: Text,
        sentences: SentencesWanted | None = None,
        words: WordsWanted | None = None,
        style: Style = "extractive",
    ) -> Summary:
        """Give a text in fewer words: its own sentences that say most, or words of the generator's.

        Three sentences if nothing is said. Extractive: sentences near the meaning of the whole that do not
        repeat one another, in the text's order. Of a long text the 400 best by words and place are looked at
        closely. Abstractive needs a generator (`MAINSTAY_GENERATOR`), which is shown 12,000 characters of the
        best sentences; each sentence it writes is compared with them, and `supported` says whether they bear
        it out.
        """

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
        "POST /nlp/classify",
        may=_USE,
        batched=True,
        fails=(TextUnclear, LabelsUnclear, EncoderUnavailable),
        example={
            "text": "My card has not arrived yet.",
            "labels": [{"name": "card delivery"}, {"name": "exchange rate"}],
        },
    )
    async def classify(
        self,
        labels: Annotated[list[Label], Field(min_length=1, max_length=200)],
        text: OneText = None,
        texts: Texts = None,
        multi: Annotated[bool, Field(description="Several labels may fit; each is judged alone.")] = False,
        forced: Annotated[bool, Field(description="Name the likeliest label, even if none fits.")] = False,
    ) -> ClassificationAnswer:
        """Say which of your own labels fits a text, without training.

        Each label is what its name, description and examples mean (200 labels, 1,000 examples together).
        Scores are chances, better calibrated with examples than without; when `none` is likelier than every
        label, `label` is null. Labels that name no subject, such as moods, need examples, or `forced`. A text
        longer than the encoder reads is read in parts, and their mean is judged.
        """

    @reads(
        "POST /nlp/topics",
        may=_USE,
        fails=(TextUnclear, EncoderUnavailable),
        example={
            "texts": [
                *("Where is my parcel?", "The parcel is late.", "When does the parcel arrive?"),
                *("I was charged twice.", "Refund the second charge.", "Why was my card charged?"),
            ],
            "count": 2,
        },
    )
    async def find_topics(self, texts: TopicTexts, count: TopicsWanted | None = None) -> TopicAnswer:
        """Say what many texts are about: groups of texts that are near in meaning, and their key terms.

        Vectors are grouped by spherical k-means, into as many topics as part them best if no `count` is
        given; terms are weighed against those of the other topics (class-based TF-IDF: Grootendorst 2022).
        Texts that are no nearer to their topic than to all others are `outliers`; where a `count` is given, a
        topic of such alone stays one. The same texts give the same topics.
        """

    @reads(
        "POST /nlp/similarity",
        may=_USE,
        batched=True,
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
        """Say how near texts are in meaning: the cosine of their vectors.

        Of a text longer than the encoder reads the beginning is compared; `truncated` says of which.
        """

    @reads(
        "POST /nlp/embed",
        may=_USE,
        batched=True,
        fails=(TextUnclear, TextTooLong, ModelOther, DimensionsTooMany, EncoderUnavailable),
        example={"texts": [_SENTENCE]},
    )
    async def embed(
        self,
        texts: EmbeddedTexts,
        role: Role = "passage",
        dimensions: Dimensions | None = None,
        long: Long = "cut",
        encoder: Named | None = None,
    ) -> Embeddings:
        """Turn texts into vectors whose cosine says how near their meanings are.

        Of a text that is longer than the encoder reads (the built-in one: 254 tokens, some 190 English words)
        the beginning counts, and `truncated` says of which; `long` may have it otherwise.
        """

    @reads(
        "POST /nlp/rerank",
        may=_USE,
        fails=(TextUnclear, ModelOther, EncoderUnavailable, RerankerUnavailable),
        example={"query": "rotate a key", "texts": ["Keys are rotated by …", "The office opens at nine."]},
    )
    async def rerank(
        self, query: Query, texts: ManyTexts, top_n: TopN | None = None, reranker: Named | None = None
    ) -> Ranking:
        """Order texts by how well they answer a query.

        By the reranker where one is set (`MAINSTAY_RERANKER`), else by meaning and shared words; the answer
        says by which. Of a text longer than the encoder reads, the meaning is that of its beginning
        (`truncated`); its words count to the end.
        """

    @reads(
        "POST /nlp/pii",
        may=_USE,
        batched=True,
        fails=(TextUnclear, FindingsTooMany, ReaderUnavailable),
        example={"text": "Write to ada@example.com.", "action": "mask"},
    )
    async def find_personal_data(
        self,
        text: OneText = None,
        texts: Texts = None,
        action: Action = "find",
        kinds: Kinds | None = None,
        region: Region = "",
        language: Hint = None,
        names_score_min: NameScore = 0.5,
    ) -> PersonalDataAnswer:
        """Find personal data in a text, and replace it where that is asked for.

        E-mail addresses, telephone numbers, payment cards, bank accounts, IP addresses, credentials in URLs,
        national ids with a checksum, dates of birth are found by rules; names of persons by the reader, in
        the languages that it knows (`unsupported` says where it does not). Name `kinds` without `person` to
        leave names alone; 50,000 findings in a request at most. Tokens are encrypted with your tenant's key:
        the same value has the same token within one request, and only your tenant can turn it back.
        """

    @reads(
        "POST /nlp/moderate",
        may=_USE,
        batched=True,
        fails=(TextUnclear, ReaderUnavailable),
        example={"text": "I know where you live, and you will regret this."},
    )
    async def moderate(
        self, text: OneText = None, texts: Texts = None, language: Hint = None
    ) -> ModerationAnswer:
        """Say of which unwanted kinds a text is: harassment, hate, self-harm, violence and others.

        The kinds are OpenAI's. A small head upon the encoder's layers judges, trained on texts that were
        written for this project, in English; kinds that it did not learn well enough, and other languages,
        are `unsupported`. Of a long text the worst stretch counts. It errs: let people decide what matters.
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

    @reads(
        "POST /nlp/translate",
        may=_USE,
        fails=(TextUnclear, TranslationUnavailable, TranslatorUnavailable, GeneratorUnavailable),
        example={"text": "Where is the key?", "target": "es"},
    )
    async def translate(
        self,
        target: LanguageCode,
        text: OneText = None,
        texts: Texts = None,
        source: LanguageCode | None = None,
    ) -> Translation:
        """Translate a text, by Apertium where its pair of languages is installed, else by the generator.

        The source language is told from the text if it is not given. The generator keeps line breaks; one
        that was cut off is a failure, and no half of a translation.
        """
