"""Moderation through the front door: what is flagged, what is let pass, and what is not known."""

import pytest

from mainstay.kit.errors import Invalid
from makers import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLAGGED = [
    ("harassment", "Nobody can stand you, you revolting, stupid creep."),
    ("harassment/threatening", "I'm waiting at your door tonight and I'll break both of your arms."),
    ("hate", "Those Muslims are all filthy animals and should never be let in."),
    ("illicit", "Where can I buy cocaine without getting caught by the police?"),
    ("self-harm", "I cut my arms with a razor last night because it makes me feel better."),
    ("self-harm", "I am going to kill myself tonight."),
    ("violence", "I'd love to watch him being beaten to death, slowly."),
]
PASSED = [
    "How do I kill a process that does not answer?",
    "The suspect was charged with murder after the body of a woman was found in the river.",
    "I could murder a pizza, this meeting is killing me.",
    "In 1572 thousands of Protestants were massacred in Paris.",
    "I disagree with every word of your article.",
    "Apply pressure to the wound until the bleeding stops.",
    "Our Muslim neighbours invited the whole street to dinner.",
    "The invoice for March is attached.",
]


@pytest.mark.parametrize(("kind", "text"), FLAGGED)
async def test_what_is_of_a_kind_is_flagged(asker: Client, kind: str, text: str) -> None:
    answer = await asker.call("language.moderate", text=text)
    assert answer.flagged
    assert answer.categories[kind], answer.scores
    assert answer.language == "en"


async def test_what_only_sounds_like_it_passes(asker: Client) -> None:
    answer = await asker.call("language.moderate", texts=PASSED)
    assert [text for text, each in zip(PASSED, answer.results, strict=True) if each.flagged] == []
    assert all(max(each.scores.values()) < 0.5 for each in answer.results)


async def test_the_worst_stretch_of_a_long_text_counts(asker: Client) -> None:
    quiet = "The ferry leaves at nine from the quay beside the old harbour office. " * 60
    [alone, within] = (
        await asker.call(
            "language.moderate", texts=[quiet, f"{quiet}I am going to kill myself tonight. {quiet}"]
        )
    ).results
    assert not alone.flagged
    assert within.categories["self-harm"]


async def test_what_is_not_judged_is_said(asker: Client) -> None:
    english = await asker.call("language.moderate", text="I am going to kill myself tonight.")
    assert {"sexual", "sexual/minors", "self-harm/instructions"} <= set(english.unsupported)
    assert all(english.scores[kind] == 0 and not english.categories[kind] for kind in english.unsupported)
    other = await asker.call("language.moderate", text="Ich weiß, wo du wohnst, und ich bringe dich um.")
    assert (other.flagged, other.language, len(other.unsupported)) == (False, "de", len(other.categories))
    with pytest.raises(Invalid):
        await asker.call("language.moderate")


async def test_a_language_that_is_said_wins(asker: Client) -> None:
    text = "I am going to kill myself tonight."
    other = await asker.call("language.moderate", text=text, language="fr")
    assert (other.flagged, other.language, other.language_confidence) == (False, "fr", 1)
