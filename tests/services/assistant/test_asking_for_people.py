"""People ask for a person in many ways, and most texts that speak of persons ask for none."""

import pytest

from mainstay.services.assistant.asking_for_people import PeopleAskedFor
from mainstay.services.assistant.cues import bare

_ASKS = {
    "en": (
        "get me somebody real",
        "put me through to the front desk",
        "Call me back please",
        "live chat",
        "Can you get your boss",
        "I'd rather deal with a person",
        "I want to talk to a person",
        "can I speak to a human please",
        "let me talk to someone",
        "Connect me with an agent",
        "I'd like to speak with a representative",
        "give me a real person",
        "get me a human",
        "human please",
        "agent",
        "real person!",
        "please transfer me to customer service",
        "I need to talk to somebody about my bill",
        "Can someone help me?",
        "could I talk to a member of your team?",
        "I don't want to talk to a bot",
        "is there a person I can talk to?",
        "I would rather talk to a human",
        "put me through to your support team",
        "No, I want a human",
        "how can I reach a human?",
        "no, just get me support",
        "I want to speak to your manager",
        "hello, can i chat with a live agent now",
        "may I please speak to an actual person instead of a bot",
        "talk to a human being",
        "speak to an agent",
        "operator",
        "could you connect me to somebody from your team",
        "I need a human",
        "call a human",
        "transfer me to an operator please",
        "just let me talk to a real human",
        "I am trying to reach a person",
    ),
    "de": (
        "Ich möchte mit einem Menschen sprechen",
        "Kann ich mit jemandem reden?",
        "Verbinden Sie mich mit einem Mitarbeiter",
        "Ich will einen echten Menschen",
        "Geben Sie mir bitte einen Mitarbeiter",
        "einen Berater bitte",
        "Ich will nicht mit einem Bot reden",
        "könnten Sie mich bitte mit einem Kollegen verbinden",
        "mit einem Menschen bitte",
        "Mitarbeiter",
        "Kann mich jemand anrufen?",
        "Ich würde gerne mit einer Mitarbeiterin sprechen",
        "ich brauche einen Menschen",
        "Kundenservice bitte",
        "kann mir bitte jemand helfen",
        "Ich möchte lieber mit einer Person sprechen",
        "ich will mit jemandem vom Team sprechen",
    ),
    "fr": (
        "Je veux parler à une personne",
        "Je voudrais parler à quelqu'un",
        "Puis-je parler à un conseiller ?",
        "Passez-moi un conseiller",
        "un humain s'il vous plaît",
        "Mettez-moi en relation avec un agent",
        "J'ai besoin d'un humain",
        "J'aimerais discuter avec un vrai conseiller",
        "service client",
        "Je ne veux pas parler à un robot",
        "pouvez-vous me passer quelqu'un",
        "je préfère parler à un être humain",
        "Est-ce que je peux parler à quelqu'un ?",
    ),
    "es": (
        "Quiero hablar con una persona",
        "¿Puedo hablar con alguien?",
        "Pásame con un agente",
        "un agente por favor",
        "necesito un humano",
        "Me gustaría hablar con un asesor",
        "quisiera comunicarme con atención al cliente",
        "no quiero hablar con un robot",
        "prefiero hablar con una persona real",
        "póngame con un operador",
        "una persona de verdad",
    ),
}
_ASKS_NOT = {
    "en": (
        "Who is the contact person for returns?",
        "Can a person under 18 order?",
        "I don't want to talk to a person",
        "how many people work in your team",
        "are you a human?",
        "team",
        "support",
        "someone stole my parcel",
        "I want to order for another person",
        "do you have agents in Berlin?",
        "what does the support cost",
        "can I call you",
        "I need a ticket for one person",
        "talk",
        "Is there a manager position open?",
        "which person signs",
        "human resources",
        "call me a taxi",
        "How do I contact customer support?",
        "where is your team",
        "the agent was rude",
        "my operator is Vodafone",
        "I want to become an agent",
        "can I have a room for one person",
    ),
    "de": (
        "Wie viele Personen passen hinein?",
        "Ich brauche ein Zimmer für eine Person",
        "Ich will keinen Menschen",
        "bist du ein mensch",
        "jemand hat mein Paket gestohlen",
        "Was kostet der Support",
        "wie erreiche ich mein Konto",
        "kann ich jemanden einladen",
        "Ich möchte eine Person hinzufügen",
    ),
    "fr": (
        "combien de personnes",
        "je ne veux pas parler à une personne",
        "une chambre pour une personne",
        "quelqu'un a volé mon colis",
        "personne ne répond",
    ),
    "es": (
        "cuántas personas caben",
        "una habitación para una persona",
        "alguien robó mi paquete",
        "no quiero hablar con una persona",
        "quiero añadir una persona",
    ),
}


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_a_person_is_asked_for_in_many_ways(language: str) -> None:
    for people in (PeopleAskedFor([language]), PeopleAskedFor([])):
        assert [text for text in _ASKS[language] if not people.by(bare(text))] == []


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_who_speaks_of_persons_seldom_asks_for_one(language: str) -> None:
    for people in (PeopleAskedFor([language]), PeopleAskedFor([])):
        assert [text for text in _ASKS_NOT[language] if people.by(bare(text))] == []


@pytest.mark.parametrize(
    "text", ["talk to someone about " + "about " * 2000, "please " * 2000, "a" * 100_000]
)
def test_long_texts_ask_for_nobody(text: str) -> None:
    assert not PeopleAskedFor([]).by(bare(text))
