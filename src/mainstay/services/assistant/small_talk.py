"""What people say beside what they want - greetings, thanks, who are you - and what a bot says to that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mainstay.kit.courtesies import GREETINGS, THANKS
from mainstay.services.assistant.asking_for_people import PeopleAskedFor
from mainstay.services.assistant.cues import answering, bare, parted

Kind = Literal["yielding", "greeting", "thanks", "goodbye", "about", "wrong", "person"]
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
    reading: str
    wrong: str
    lost: str
    person: str
    single: str


_KINDS: tuple[Kind, ...] = ("yielding", "greeting", "thanks", "goodbye", "about", "wrong", "person")
"""The later weighs more where a text is of several: who says `thanks, bye` goes."""
_REPLIES = {
    "en": Replies(
        "All right. What can I do for you?",
        "Hello! What can I do for you?",
        "You are welcome. Can I do anything else for you?",
        "Goodbye!",
        "I am an automatic assistant.",
        "I can help with:",
        "I answer questions from documents, too.",
        "I am sorry that this was no help.",
        "I did not understand that.",
        "Say it in other words, or say that you want a person.",
        "Do you mean “{title}”?",
    ),
    "de": Replies(
        "Gut. Was kann ich für Sie tun?",
        "Guten Tag! Was kann ich für Sie tun?",
        "Gern geschehen. Kann ich noch etwas für Sie tun?",
        "Auf Wiedersehen!",
        "Ich bin ein automatischer Assistent.",
        "Ich kann hierbei helfen:",
        "Ich beantworte auch Fragen aus Dokumenten.",
        "Es tut mir leid, dass das nicht geholfen hat.",
        "Das habe ich nicht verstanden.",
        "Sagen Sie es anders, oder sagen Sie, dass Sie einen Menschen möchten.",
        "Meinen Sie „{title}“?",
    ),
    "fr": Replies(
        "Très bien. Que puis-je faire pour vous ?",
        "Bonjour ! Que puis-je faire pour vous ?",
        "Je vous en prie. Puis-je faire autre chose pour vous ?",
        "Au revoir !",
        "Je suis un assistant automatique.",
        "Je peux aider pour :",
        "Je réponds aussi à des questions d'après des documents.",
        "Je suis désolé que cela n'ait pas aidé.",
        "Je n'ai pas compris.",
        "Dites-le autrement, ou dites que vous voulez une personne.",
        "Voulez-vous dire « {title} » ?",
    ),
    "es": Replies(
        "De acuerdo. ¿Qué puedo hacer por usted?",
        "¡Hola! ¿Qué puedo hacer por usted?",
        "De nada. ¿Puedo hacer algo más por usted?",
        "¡Adiós!",
        "Soy un asistente automático.",
        "Puedo ayudar con:",
        "También respondo preguntas a partir de documentos.",
        "Siento que esto no haya ayudado.",
        "No lo he entendido.",
        "Dígalo de otra manera, o diga que quiere una persona.",
        "¿Quiere decir «{title}»?",
    ),
}
_SAID = {  # by kind; whoever says yes, no or cancel yields too, in the words that dialogues know
    "en": (
        (
            "okey|k|alright|all right|fine|good|great|perfect|cool|nice|got it|i see|understood|"
            "no thank you|please|well"
        ),
        GREETINGS["en"],
        THANKS["en"],
        (
            "bye|goodbye|good bye|bye bye|see you|see you later|see ya|good night|farewell|that's all|"
            "that is all|have a nice day|have a good day|exit|good bye for now|bye for now|take care"
        ),
        (
            "who are you|what are you|are you a bot|are you a robot|are you human|are you a human|"
            "what's your name|what is your name|what can you do|what can you do for me|what do you do|"
            "what can i ask|what can i ask you|how can you help|how can you help me|how does this work|"
            "help|help me|can you help|can you help me|i need help|what are your options|menu|options"
        ),
        (
            "wrong|that's wrong|that is wrong|this is wrong|not right|that's not right|that is not right|"
            "that's not what i asked|that is not what i asked|that's not what i meant|"
            "that is not what i meant|that's not what i mean|that's not my question|"
            "that is not my question|you don't understand|you do not understand|you don't understand me|"
            "you didn't understand|you did not understand|wrong answer|that doesn't help|"
            "that does not help|this doesn't help|this does not help|that didn't help|that did not help|"
            "that's not helpful|that is not helpful|this is not helpful|not helpful|useless|"
            "that's useless|this is useless|you are useless|not what i asked|this is not what i asked|"
            "this is not what i meant|i didn't ask that|i did not ask that|that was not my question|"
            "no help|that's no help|that is no help|this is no help|you stupid bot|stupid bot|"
            "you are stupid|you're stupid|you are an idiot|idiot|fuck off|fuck you|shut up|"
            "this is ridiculous|this isn't working|this is not working|it isn't working|that's bullshit|"
            "this is bullshit"
        ),
        "person",
    ),
    "de": (
        ("ok|gut|alles klar|in ordnung|prima|super|perfekt|passt|verstehe|verstanden|gerne|nee|bitte|na gut"),
        GREETINGS["de"],
        THANKS["de"],
        (
            "tschüss|tschüs|tschau|ciao|auf wiedersehen|bis bald|bis dann|bis später|gute nacht|"
            "das war's|das war alles|das ist alles|schönen tag|schönen tag noch|einen schönen tag noch|"
            "bis zum nächsten mal"
        ),
        (
            "wer bist du|wer sind sie|was bist du|was sind sie|bist du ein bot|bist du ein mensch|"
            "sind sie ein mensch|sind sie ein bot|wie heißt du|wie heißen sie|was kannst du|"
            "was können sie|was kannst du tun|was können sie tun|was können sie für mich tun|"
            "was kannst du für mich tun|was kann ich fragen|hilfe|hilf mir|helfen sie mir|"
            "kannst du mir helfen|können sie mir helfen|ich brauche hilfe|wobei kannst du helfen|"
            "wobei können sie helfen|menü"
        ),
        (
            "falsch|das ist falsch|das stimmt nicht|stimmt nicht|das war nicht meine frage|"
            "das ist nicht meine frage|das habe ich nicht gefragt|das meine ich nicht|"
            "das meinte ich nicht|du verstehst mich nicht|sie verstehen mich nicht|du verstehst nicht|"
            "sie verstehen nicht|falsche antwort|das hilft nicht|das hilft mir nicht|"
            "das hilft mir nicht weiter|das hat nicht geholfen|nicht hilfreich|das ist nicht hilfreich|"
            "nutzlos"
        ),
        "mensch|einen menschen",
    ),
    "fr": (
        "ok|bien|très bien|parfait|super|compris|je vois|entendu|s'il vous plaît|s'il te plaît",
        GREETINGS["fr"],
        THANKS["fr"],
        ("au revoir|à bientôt|à plus|à plus tard|bonne nuit|bonne journée|bonne soirée|adieu|c'est tout"),
        (
            "qui es tu|qui êtes vous|tu es qui|vous êtes qui|es tu un robot|êtes vous un robot|"
            "que peux tu faire|que pouvez vous faire|que savez vous faire|que sais tu faire|"
            "que pouvez vous faire pour moi|aide|à l'aide|aidez moi|aide moi|j'ai besoin d'aide|"
            "pouvez vous m'aider|peux tu m'aider|comment pouvez vous m'aider|menu"
        ),
        (
            "faux|c'est faux|ce n'est pas ça|c'est pas ça|ce n'est pas ce que j'ai demandé|"
            "ce n'est pas ma question|vous ne comprenez pas|tu ne comprends pas|mauvaise réponse|"
            "ça n'aide pas|cela n'aide pas|ça ne m'aide pas|cela ne m'aide pas|inutile|c'est inutile"
        ),
        "une personne",
    ),
    "es": (
        "ok|vale|bien|muy bien|de acuerdo|perfecto|entendido|ya veo|genial|por favor",
        GREETINGS["es"],
        THANKS["es"],
        "adiós|hasta luego|hasta pronto|hasta la vista|chao|nos vemos|eso es todo|buen día",
        (
            "quién eres|quién es usted|qué eres|eres un robot|es usted un robot|qué puedes hacer|"
            "qué puede hacer|qué sabes hacer|qué puede hacer por mí|qué puedes hacer por mí|ayuda|"
            "ayúdame|ayúdeme|necesito ayuda|puedes ayudarme|puede ayudarme|me puedes ayudar|"
            "cómo puedes ayudarme|menú"
        ),
        (
            "mal|está mal|eso está mal|eso no es correcto|no es correcto|no es eso|"
            "eso no es lo que pregunté|no es lo que pregunté|esa no es mi pregunta|no me entiendes|"
            "no me entiende|no entiendes|respuesta incorrecta|eso no ayuda|no ayuda|no me ayuda|"
            "eso no me ayuda|no sirve|inútil"
        ),
        "una persona",
    ),
}


@dataclass(frozen=True)
class SmallTalk:
    """What counts as small talk, of which kind, and what is said to it; `replies` are those of all else."""

    replies: Replies
    kinds: Mapping[str, int]
    tongues: Mapping[str, Sequence[str]]
    longest: int
    people: PeopleAskedFor

    def kind(self, said: str) -> Kind | None:
        """Tell of which kind a bare text is that is small talk from its first word to its last."""
        if self.people.by(said):
            return "person"
        found = self._parted(said)
        return _KINDS[max(self.kinds[each] for each in found)] if found else None

    def replies_to(self, said: str) -> Replies:
        """Give the replies in the language that small talk was made in, where that is one."""
        common = [set(self.tongues[each]) for each in self._parted(said)]
        shared = set[str].intersection(*common) if common else set[str]()
        return _REPLIES[shared.pop()] if len(shared) == 1 else self.replies

    def _parted(self, said: str) -> Sequence[str]:
        if len(said.split()) > _WORDS_MAX:
            return ()
        return parted(said, self.kinds, self.longest) or ()


def small_talk_of(languages: Sequence[str]) -> SmallTalk:
    """Give the small talk of some languages together, of all where none is named; replies of the first."""
    spoken = [language for language in languages if language in _SAID]
    kinds: dict[str, int] = {}
    tongues: dict[str, list[str]] = {}
    for language in spoken or _SAID:
        yielding = _KINDS.index("yielding")
        numbered = [(each, yielding) for each in answering(language)]
        for number, written in enumerate(_SAID[language]):
            numbered += [(bare(each), number) for each in written.split("|")]
        for each, number in numbered:
            kinds.setdefault(each, number)
            tongues.setdefault(each, []).append(language)
    longest = max(len(each.split()) for each in kinds)
    replies = _REPLIES[spoken[0] if spoken else "en"]
    return SmallTalk(replies, kinds, tongues, longest, PeopleAskedFor(spoken))
