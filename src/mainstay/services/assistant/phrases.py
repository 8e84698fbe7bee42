"""The bot's own words, and the words by which people steer it, in four languages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mainstay.services.assistant.wording import tidy


@dataclass(frozen=True)
class Phrases:
    """What the bot says of itself."""

    clarify: str
    unclear: str
    cancelled: str
    escalated: str
    waiting: str
    unknown: str
    done: str
    confirm: str
    failed: str


@dataclass(frozen=True)
class Cues:
    """Whole sentences, or beginnings of sentences, that steer a dialogue."""

    yes: frozenset[str]
    no: frozenset[str]
    cancel: frozenset[str]
    correct: tuple[str, ...]


PHRASES = {
    "en": Phrases(
        "Did you mean one of these?",
        "I am not sure that I understand. Could you say it in other words?",
        "All right, forget it. What else can I do for you?",
        "I pass this on to a person, who will answer here.",
        "A person will answer here; please wait a moment.",
        "I do not know that.",
        "Noted.",
        "Shall I do this?",
        "That did not work.",
    ),
    "de": Phrases(
        "Meinten Sie eines davon?",
        "Ich bin nicht sicher, ob ich das verstehe. Können Sie es anders sagen?",
        "Gut, vergessen wir das. Was kann ich noch für Sie tun?",
        "Ich gebe das an einen Menschen weiter, der hier antwortet.",
        "Ein Mensch wird hier antworten; bitte warten Sie einen Augenblick.",
        "Das weiß ich nicht.",
        "Notiert.",
        "Soll ich das tun?",
        "Das hat nicht geklappt.",
    ),
    "fr": Phrases(
        "Vouliez-vous dire l'une de ces choses ?",
        "Je ne suis pas sûr de comprendre. Pouvez-vous le dire autrement ?",
        "D'accord, oublions cela. Que puis-je faire d'autre pour vous ?",
        "Je transmets à une personne, qui répondra ici.",
        "Une personne répondra ici ; veuillez patienter un instant.",
        "Je ne le sais pas.",
        "C'est noté.",
        "Dois-je le faire ?",
        "Cela n'a pas marché.",
    ),
    "es": Phrases(
        "¿Quería decir una de estas cosas?",
        "No estoy seguro de entender. ¿Puede decirlo de otra manera?",
        "De acuerdo, olvidémoslo. ¿Qué más puedo hacer por usted?",
        "Lo paso a una persona, que responderá aquí.",
        "Una persona responderá aquí; espere un momento, por favor.",
        "No lo sé.",
        "Anotado.",
        "¿Lo hago?",
        "No ha funcionado.",
    ),
}
_CUES = {
    "en": (
        "yes|yeah|yep|yes please|sure|correct|right|exactly|that one|ok|okay",
        "no|nope|neither|none|none of them|none of these|no thanks|neither of them|not that",
        "cancel|cancel that|never mind|nevermind|forget it|stop|abort|start over|quit",
        "no i mean|no i meant|i mean|i meant|actually|sorry i meant|no make it|make it|change it to|no wait",
    ),
    "de": (
        "ja|jawohl|genau|richtig|ja bitte|stimmt|gern|okay",
        "nein|keines|keins|keine davon|keines davon|nein danke|weder noch",
        "abbrechen|abbruch|vergiss es|vergessen sie es|egal|stopp|halt",
        "nein ich meine|nein ich meinte|ich meine|ich meinte|doch lieber|eigentlich|nein lieber",
    ),
    "fr": (
        "oui|exact|exactement|d'accord|oui s'il vous plaît",
        "non|aucun|aucune|ni l'un ni l'autre|non merci",
        "annuler|annule|laisse tomber|laissez tomber|stop|arrête",
        "non je veux dire|je veux dire|je voulais dire|en fait|plutôt",
    ),
    "es": (
        "sí|si|claro|exacto|correcto|sí por favor",
        "no|ninguno|ninguna|ninguno de ellos|no gracias",
        "cancelar|cancela|olvídalo|déjalo|para|parar",
        "no quiero decir|quiero decir|quería decir|en realidad|mejor",
    ),
}
_SIGNS = re.compile(r"[^\w' ]+")


def bare(text: str) -> str:
    """Give a text in small letters without its signs."""
    return " ".join(_SIGNS.sub(" ", tidy(text)).split())


def phrases_of(languages: Sequence[str]) -> Phrases:
    """Give the words of the first language that there are words of; else the English ones."""
    return next((PHRASES[language] for language in languages if language in PHRASES), PHRASES["en"])


def answering(language: str) -> list[str]:
    """Give what says yes, no or cancel in a language, in small letters without signs."""
    yes, no, cancel, _ = _CUES[language]
    return [bare(each) for each in f"{yes}|{no}|{cancel}".split("|")]


def cues_of(languages: Sequence[str]) -> Cues:
    """Give the cues of some languages together; the English ones if there are none."""
    found = [_CUES[language] for language in languages if language in _CUES] or [_CUES["en"]]
    yes, no, cancel, correct = (
        [bare(each) for language in found for each in language[kind].split("|")] for kind in range(4)
    )
    return Cues(frozenset(yes), frozenset(no), frozenset(cancel), tuple(correct))
