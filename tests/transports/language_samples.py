"""Values for the operations on texts."""

from transports.worlds import Sample, plain

_TEXT = "Die Fähre legt um neun ab. Write to ada@example.com 🛳️."

_LABELS = [{"name": "ferries", "description": "Ships", "examples": ["A ferry sails."]}, {"name": "Züge"}]

LANGUAGE: dict[str, Sample] = {
    "language.analyze": Sample(plain(texts=[_TEXT, "A."]), {"parts": ["mood"]}),
    "language.extract_keywords": Sample(plain(texts=[_TEXT, "A."], top_k=3), {"top_k": 0}),
    "language.summarize": Sample(plain(text=_TEXT, words=8, style="extractive"), {"sentences": 0}),
    "language.classify": Sample(plain(text=_TEXT, labels=_LABELS, multi=True), {"labels": []}),
    "language.find_topics": Sample(plain(texts=[_TEXT, "A ferry.", "A quay."], count=2), {"count": 0}),
    "language.translate": Sample(plain(texts=[_TEXT], source="de", target="de"), {"target": "German!"}),
    "language.detect_language": Sample(plain(texts=[_TEXT, "Where?"], alternatives=2), {"alternatives": 21}),
    "language.compare_texts": Sample(plain(left="A ferry", right=_TEXT), {"texts": []}),
    "language.embed": Sample(
        plain(texts=[_TEXT], role="query", dimensions=8, long="mean"), {"dimensions": 7}
    ),
    "language.rerank": Sample(plain(query="ferry", texts=["A ferry.", "A quay."], top_n=1), {"top_n": 0}),
    "language.find_personal_data": Sample(
        plain(text=_TEXT, action="mask", kinds=["email"], region="DE"),
        {"kinds": ["mood"], "region": "Berlin"},
    ),
    "language.moderate": Sample(plain(texts=[_TEXT, "A."]), {"language": "English!"}),
    "language.restore_personal_data": Sample(plain(text=f"{_TEXT} [pii:email:AgAB]"), {"text": ""}),
}
