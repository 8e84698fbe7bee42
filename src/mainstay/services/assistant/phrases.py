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
    resumed: str


PHRASES = {
    "en": Phrases(
        "Did you mean one of these?",
        "I am not sure that I understand. Could you say it in other words?",
        "All right, forget it. What else can I do for you?",
        "I pass this on to a person, who will answer here.",
        "A person will answer here; please wait a moment. Say “never mind” to go on without.",
        "I do not know that.",
        "I found nothing about that.",
        "Noted.",
        "Shall I do this?",
        "That did not work.",
        "It is for “{title}”.",
        "All right, nobody is called. What can I do for you?",
    ),
    "de": Phrases(
        "Meinten Sie eines davon?",
        "Ich bin nicht sicher, ob ich das verstehe. Können Sie es anders sagen?",
        "Gut, vergessen wir das. Was kann ich noch für Sie tun?",
        "Ich gebe das an einen Menschen weiter, der hier antwortet.",
        (
            "Ein Mensch wird hier antworten; bitte warten Sie einen Augenblick. "
            "Sagen Sie „doch nicht nötig“, um ohne weiterzumachen."
        ),
        "Das weiß ich nicht.",
        "Dazu habe ich nichts gefunden.",
        "Notiert.",
        "Soll ich das tun?",
        "Das hat nicht geklappt.",
        "Es geht um „{title}“.",
        "Gut, niemand wird gerufen. Was kann ich für Sie tun?",
    ),
    "fr": Phrases(
        "Vouliez-vous dire l'une de ces choses ?",
        "Je ne suis pas sûr de comprendre. Pouvez-vous le dire autrement ?",
        "D'accord, oublions cela. Que puis-je faire d'autre pour vous ?",
        "Je transmets à une personne, qui répondra ici.",
        (
            "Une personne répondra ici ; veuillez patienter un instant. "
            "Dites « annuler » pour continuer sans elle."
        ),
        "Je ne le sais pas.",
        "Je n'ai rien trouvé à ce sujet.",
        "C'est noté.",
        "Dois-je le faire ?",
        "Cela n'a pas marché.",
        "C'est pour « {title} ».",
        "D'accord, personne n'est appelé. Que puis-je faire pour vous ?",
    ),
    "es": Phrases(
        "¿Quería decir una de estas cosas?",
        "No estoy seguro de entender. ¿Puede decirlo de otra manera?",
        "De acuerdo, olvidémoslo. ¿Qué más puedo hacer por usted?",
        "Lo paso a una persona, que responderá aquí.",
        ("Una persona responderá aquí; espere un momento, por favor. Diga «cancelar» para seguir sin ella."),
        "No lo sé.",
        "No he encontrado nada sobre eso.",
        "Anotado.",
        "¿Lo hago?",
        "No ha funcionado.",
        "Es para «{title}».",
        "De acuerdo, no se avisa a nadie. ¿Qué puedo hacer por usted?",
    ),
}


def phrases_of(languages: Sequence[str]) -> Phrases:
    """Give the words of the first language that there are words of; else the English ones."""
    return next((PHRASES[language] for language in languages if language in PHRASES), PHRASES["en"])
