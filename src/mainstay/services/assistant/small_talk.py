"""What people say beside what they want - greetings, thanks, who are you - and what a bot says to that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mainstay.kit.courtesies import GREETINGS, THANKS
from mainstay.services.assistant.cues import answering, bare, parted

Kind = Literal["yielding", "greeting", "thanks", "goodbye", "about", "person"]
_WORDS_MAX = 12
"""Who says more than that wants something."""


@dataclass(frozen=True)
class Replies:
    """What the bot says to small talk, and how it asks back."""

    yielding: str
    greeting: str
    thanks: str
    goodbye: str
    about: str
    able: str
    lost: str
    person: str
    single: str


_KINDS: tuple[Kind, ...] = ("yielding", "greeting", "thanks", "goodbye", "about", "person")
"""The later weighs more where a text is of several: who says `thanks, bye` goes."""
_REPLIES = {
    "en": Replies(
        "All right. What can I do for you?",
        "Hello! What can I do for you?",
        "You are welcome. Can I do anything else for you?",
        "Goodbye!",
        "I am an automatic assistant.",
        "I can help with:",
        "I did not understand that.",
        "Say it in other words, or say that you want a person.",
        "Is it about {title}?",
    ),
    "de": Replies(
        "Gut. Was kann ich für Sie tun?",
        "Guten Tag! Was kann ich für Sie tun?",
        "Gern geschehen. Kann ich noch etwas für Sie tun?",
        "Auf Wiedersehen!",
        "Ich bin ein automatischer Assistent.",
        "Ich kann hierbei helfen:",
        "Das habe ich nicht verstanden.",
        "Sagen Sie es anders, oder sagen Sie, dass Sie einen Menschen möchten.",
        "Geht es um {title}?",
    ),
    "fr": Replies(
        "Très bien. Que puis-je faire pour vous ?",
        "Bonjour ! Que puis-je faire pour vous ?",
        "Je vous en prie. Puis-je faire autre chose pour vous ?",
        "Au revoir !",
        "Je suis un assistant automatique.",
        "Je peux aider pour :",
        "Je n'ai pas compris.",
        "Dites-le autrement, ou dites que vous voulez une personne.",
        "S'agit-il de ceci : {title} ?",
    ),
    "es": Replies(
        "De acuerdo. ¿Qué puedo hacer por usted?",
        "¡Hola! ¿Qué puedo hacer por usted?",
        "De nada. ¿Puedo hacer algo más por usted?",
        "¡Adiós!",
        "Soy un asistente automático.",
        "Puedo ayudar con:",
        "No lo he entendido.",
        "Dígalo de otra manera, o diga que quiere una persona.",
        "¿Se trata de esto: {title}?",
    ),
}
_SAID = {  # by kind; whoever says yes, no or cancel yields too, in the words that dialogues know
    "en": (
        (
            "okey|k|alright|all right|fine|good|great|perfect|cool|nice|got it|i see|understood|no thank you|"
            "please|well"
        ),
        GREETINGS["en"],
        THANKS["en"],
        (
            "bye|goodbye|good bye|bye bye|see you|see you later|see ya|good night|farewell|that's all|"
            "that is all|have a nice day|have a good day"
        ),
        (
            "who are you|what are you|are you a bot|are you a robot|are you human|are you a human|"
            "what's your name|what is your name|what can you do|what can you do for me|what do you do|"
            "what can i ask|what can i ask you|how can you help|how can you help me|how does this work|"
            "help|help me|can you help|can you help me|i need help|what are your options|menu|options"
        ),
        (
            "person|a person|human|a human|agent|an agent|operator|real person|a real person|i want a person|"
            "i want a human|talk to a person|talk to a human|speak to a person|speak to a human|"
            "i want to talk to a person|i want to talk to a human|i want to speak to a person|"
            "i want to speak to a human|can i talk to a person|can i talk to a human|let me talk to a person|"
            "let me talk to a human|i want to talk to someone|i need a person|i need a human"
        ),
    ),
    "de": (
        "ok|gut|alles klar|in ordnung|prima|super|perfekt|passt|verstehe|verstanden|gerne|nee|bitte|na gut",
        GREETINGS["de"],
        THANKS["de"],
        (
            "tschüss|tschüs|tschau|ciao|auf wiedersehen|bis bald|bis dann|bis später|gute nacht|"
            "das war's|das war alles|das ist alles|schönen tag|schönen tag noch|einen schönen tag noch"
        ),
        (
            "wer bist du|wer sind sie|was bist du|was sind sie|bist du ein bot|bist du ein mensch|"
            "sind sie ein mensch|sind sie ein bot|wie heißt du|wie heißen sie|was kannst du|was können sie|"
            "was kannst du tun|was können sie tun|was können sie für mich tun|was kannst du für mich tun|"
            "was kann ich fragen|hilfe|hilf mir|helfen sie mir|kannst du mir helfen|können sie mir helfen|"
            "ich brauche hilfe|wobei kannst du helfen|wobei können sie helfen|menü"
        ),
        (
            "mensch|ein mensch|einen menschen|mitarbeiter|ein mitarbeiter|einen mitarbeiter|"
            "einen menschen bitte|"
            "ich möchte einen menschen|ich will einen menschen|ich möchte mit einem menschen sprechen|"
            "ich will mit einem menschen sprechen|ich möchte mit jemandem sprechen|"
            "mit einem menschen sprechen|"
            "ich möchte mit einem mitarbeiter sprechen|ich will mit einem mitarbeiter sprechen"
        ),
    ),
    "fr": (
        "ok|bien|très bien|parfait|super|compris|je vois|entendu|s'il vous plaît|s'il te plaît",
        GREETINGS["fr"],
        THANKS["fr"],
        "au revoir|à bientôt|à plus|à plus tard|bonne nuit|bonne journée|bonne soirée|adieu|c'est tout",
        (
            "qui es tu|qui êtes vous|tu es qui|vous êtes qui|es tu un robot|êtes vous un robot|"
            "que peux tu faire|que pouvez vous faire|que savez vous faire|que sais tu faire|"
            "que pouvez vous faire pour moi|aide|à l'aide|aidez moi|aide moi|j'ai besoin d'aide|"
            "pouvez vous m'aider|peux tu m'aider|comment pouvez vous m'aider|menu"
        ),
        (
            "une personne|un humain|un conseiller|je veux une personne|je veux un humain|"
            "je veux parler à une personne|je veux parler à quelqu'un|je voudrais parler à une personne|"
            "je voudrais parler à quelqu'un|parler à une personne|parler à un humain|je veux un conseiller"
        ),
    ),
    "es": (
        "ok|vale|bien|muy bien|de acuerdo|perfecto|entendido|ya veo|genial|por favor",
        GREETINGS["es"],
        THANKS["es"],
        "adiós|hasta luego|hasta pronto|hasta la vista|chao|nos vemos|eso es todo|buen día",
        (
            "quién eres|quién es usted|qué eres|eres un robot|es usted un robot|qué puedes hacer|"
            "qué puede hacer|qué sabes hacer|qué puede hacer por mí|qué puedes hacer por mí|ayuda|ayúdame|"
            "ayúdeme|necesito ayuda|puedes ayudarme|puede ayudarme|me puedes ayudar|cómo puedes ayudarme|menú"
        ),
        (
            "una persona|un humano|un agente|quiero una persona|quiero un humano|"
            "quiero hablar con una persona|"
            "quiero hablar con alguien|hablar con una persona|hablar con un humano|quiero un agente"
        ),
    ),
}


@dataclass(frozen=True)
class SmallTalk:
    """What counts as small talk, of which kind, and what is said to it."""

    replies: Replies
    kinds: Mapping[str, int]
    longest: int

    def kind(self, said: str) -> Kind | None:
        """Tell of which kind a bare text is that is small talk from its first word to its last."""
        if not 0 < len(said.split()) <= _WORDS_MAX:
            return None
        found = parted(said, self.kinds, self.longest)
        return None if found is None else _KINDS[max(self.kinds[each] for each in found)]


def small_talk_of(languages: Sequence[str]) -> SmallTalk:
    """Give the small talk of some languages together, of all where none is named; replies of the first."""
    spoken = [language for language in languages if language in _SAID]
    kinds: dict[str, int] = {}
    for language in spoken or _SAID:
        for each in answering(language):
            kinds.setdefault(each, _KINDS.index("yielding"))
        for number, written in enumerate(_SAID[language]):
            for each in written.split("|"):
                kinds.setdefault(bare(each), number)
    longest = max(len(each.split()) for each in kinds)
    return SmallTalk(_REPLIES[spoken[0] if spoken else "en"], kinds, longest)
