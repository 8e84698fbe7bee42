"""The bot's own words, in four languages."""

from collections.abc import Sequence
from dataclasses import dataclass


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
    needed: str


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
        "It is for “{title}”.",
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
        "Es geht um „{title}“.",
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
        "C'est pour « {title} ».",
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
        "Es para «{title}».",
    ),
}


def phrases_of(languages: Sequence[str]) -> Phrases:
    """Give the words of the first language that there are words of; else the English ones."""
    return next((PHRASES[language] for language in languages if language in PHRASES), PHRASES["en"])
