"""What visitors see of an answer's sources: each document once, with the passages that stand behind it."""

from mainstay.services.assistant.records import Turn
from mainstay.services.knowledge.records import Citation
from mainstay.services.widgets.talking import told


def cited(doc_id: str, start: int, sentence: int) -> Citation:
    return Citation(
        doc_id=doc_id,
        start=start,
        end=start + 5,
        text=f"{doc_id} at {start}",
        score=0.9,
        title=doc_id.title(),
        collection="shop",
        version=1,
        sentence=sentence,
    )


def test_passages_of_one_document_share_its_number() -> None:
    turn = Turn(
        turn_id="turn_1",
        conversation_id="conversation_1",
        number=1,
        text="What do gift cards cost?",
        intent=None,
        confidence=0.0,
        out_of_scope=False,
        scope_score=0.0,
        entities=[],
        slots={},
        reply="They cost 25 euros. They never end. Shipping is free.",
        options=[],
        citations=[cited("cards", 0, 0), cited("cards", 40, 1), cited("posts", 7, 2), cited("cards", 0, 2)],
        state="open",
        version=1,
        created_ms=0,
    )
    notes = [(note.number, note.title, note.text, note.sentence) for note in told(turn).notes]
    assert notes == [
        (1, "Cards", "cards at 0", 0),
        (1, "Cards", "cards at 40", 1),
        (2, "Posts", "posts at 7", 2),
        (1, "Cards", "cards at 0", 2),
    ]
