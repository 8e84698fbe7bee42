"""The bot's own words, and the words by which people steer it, in four languages."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal

from mainstay.kit.courtesies import PLEASES, THANKS
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
    unfound: str
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

    def answer(self, said: str) -> Literal["yes", "no", "cancel"] | None:
        """Tell what a bare text says from its first word to its last, beside courtesies: `yes, please do it`.

        None: it says something else too, or both yes and no.
        """
        known = self.yes | self.no | self.cancel | _COURTEOUS
        parts = set(parted(said, known) or ()) - _COURTEOUS
        if parts and parts <= self.yes:
            return "yes"
        if not parts or parts & self.yes:
            return None
        return "cancel" if parts & self.cancel else "no"


PHRASES = {
    "en": Phrases(
        "Did you mean one of these?",
        "I am not sure that I understand. Could you say it in other words?",
        "All right, forget it. What else can I do for you?",
        "I pass this on to a person, who will answer here.",
        "A person will answer here; please wait a moment.",
        "I do not know that.",
        "I found nothing about that.",
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
        "Dazu habe ich nichts gefunden.",
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
        "Je n'ai rien trouvé à ce sujet.",
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
        "No he encontrado nada sobre eso.",
        "Anotado.",
        "¿Lo hago?",
        "No ha funcionado.",
    ),
}
_CUES = {
    "en": (
        (
            "yes|yeah|yep|yup|y|yes please|sure|of course|absolutely|definitely|certainly|correct|right|"
            "exactly|that's right|that is right|that's correct|that is correct|that one|ok|okay|alright|"
            "all right|fine|go ahead|go for it|do it|do that|do so|please do|go ahead and do it|proceed|"
            "i confirm|confirmed|confirm|i'm sure|i am sure|sounds good"
        ),
        (
            "no|nope|nah|n|neither|none|none of them|none of these|no thanks|neither of them|not that|"
            "not now|not yet|don't|do not|don't do it|do not do it|don't do that|do not do that|"
            "please don't|please do not|please do not do it|"
            "don't stop|do not stop|don't cancel|do not cancel|"
            "rather not|better not|of course not|absolutely not|definitely not|certainly not"
        ),
        (
            "cancel|cancel that|never mind|nevermind|forget it|stop|stop it|abort|start over|quit|"
            "ok never mind|okay never mind|alright never mind|ok forget it|okay forget it|alright forget it"
        ),
        "no i mean|no i meant|i mean|i meant|actually|sorry i meant|no make it|make it|change it to|no wait",
    ),
    "de": (
        (
            "ja|jawohl|jep|jo|genau|richtig|ja bitte|stimmt|das stimmt|gern|gerne|ja gern|ja gerne|ok|okay|"
            "klar|na klar|sicher|natürlich|selbstverständlich|auf jeden fall|einverstanden|in ordnung|"
            "ich bestätige|bestätigt|mach das|mach es|tu das|tu es|machen sie das|machen sie es|"
            "tun sie das|tun sie es|nur zu"
        ),
        (
            "nein|nee|nö|keines|keins|keine davon|keines davon|nein danke|weder noch|lieber nicht|"
            "besser nicht|bitte nicht|auf keinen fall|natürlich nicht|sicher nicht|mach das nicht|"
            "mach es nicht|tu das nicht|tu es nicht|machen sie das nicht|machen sie es nicht|"
            "tun sie das nicht|tun sie es nicht|noch nicht|jetzt nicht"
        ),
        "abbrechen|abbruch|vergiss es|ok vergiss es|okay vergiss es|vergessen sie es|egal|stopp|halt",
        "nein ich meine|nein ich meinte|ich meine|ich meinte|doch lieber|eigentlich|nein lieber",
    ),
    "fr": (
        (
            "oui|ouais|exact|exactement|d'accord|oui s'il vous plaît|ok|okay|bien sûr|certainement|"
            "absolument|tout à fait|volontiers|c'est bon|c'est ça|c'est exact|je confirme|allez-y|vas-y|"
            "faites-le|fais-le|faites|faites ça|fais ça"
        ),
        (
            "non|aucun|aucune|ni l'un ni l'autre|non merci|surtout pas|pas maintenant|pas encore|"
            "bien sûr que non|certainement pas|absolument pas|ne le faites pas|ne le fais pas|"
            "ne faites pas ça|ne fais pas ça"
        ),
        "annuler|annule|laisse tomber|laissez tomber|stop|arrête",
        "non je veux dire|je veux dire|je voulais dire|en fait|plutôt",
    ),
    "es": (
        (
            "sí|si|claro|claro que sí|exacto|correcto|sí por favor|ok|okay|vale|dale|de acuerdo|"
            "por supuesto|desde luego|adelante|hágalo|hazlo|confirmo|lo confirmo|está bien"
        ),
        (
            "no|ninguno|ninguna|ninguno de ellos|no gracias|claro que no|por supuesto que no|ahora no|"
            "todavía no|aún no|mejor no|no lo haga|no lo hagas"
        ),
        "cancelar|cancela|olvídalo|déjalo|para|parar",
        "no quiero decir|quiero decir|quería decir|en realidad|mejor",
    ),
}
_SIGNS = re.compile(r"[^\w' ]+")


def bare(text: str) -> str:
    """Give a text in small letters without its signs."""
    return " ".join(_SIGNS.sub(" ", tidy(text)).split())


_COURTEOUS = frozenset(bare(each) for each in "|".join((PLEASES, *THANKS.values())).split("|"))


def parted(said: str, known: Container[str], longest: int = 6) -> list[str] | None:
    """Part a bare text into phrases that are known, of so many words at most; None: something else is in it.

    Of phrases that begin with the same words the longest counts: `do not do it` is no `do it`.
    """
    words, found, start = said.split(), list[str](), 0
    while start < len(words):
        for length in range(min(longest, len(words) - start), 0, -1):
            phrase = " ".join(words[start : start + length])
            if phrase in known:
                found.append(phrase)
                start += length
                break
        else:
            return None
    return found


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
