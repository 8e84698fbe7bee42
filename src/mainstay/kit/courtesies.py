"""Greetings, thanks and pleases, in four languages, and what somebody asks apart from them."""

import re
from collections.abc import Mapping

GREETINGS: Mapping[str, str] = {
    "en": (
        "hello|hi|hey|hello there|hi there|hey there|good morning|good afternoon|good evening|good day|"
        "greetings|howdy|how are you|how are you doing|how do you do|what's up|anyone there|"
        "is anyone there|hello again|hi again|hey again"
    ),
    "de": (
        "hallo|hi|hey|guten tag|guten morgen|guten abend|moin|servus|grüß gott|grüezi|grüß dich|"
        "wie geht's|wie geht es|wie geht es dir|wie geht es ihnen|ist da jemand|jemand da|hallo nochmal|"
        "hallo noch mal|hallo wieder"
    ),
    "fr": (
        "bonjour|bonsoir|salut|coucou|hello|bonjour à tous|ça va|comment ça va|comment allez vous|"
        "il y a quelqu'un|rebonjour|re bonjour"
    ),
    "es": (
        "hola|buenos días|buenas tardes|buenas noches|buenas|qué tal|cómo estás|cómo está|hay alguien|"
        "hola de nuevo|hola otra vez"
    ),
}
THANKS: Mapping[str, str] = {
    "en": (
        "thanks|thank you|thx|ty|cheers|many thanks|thanks a lot|thank you very much|thank you so much|"
        "thanks so much|thanks very much|that helps|that helped|thanks for your help|"
        "thank you for your help|thanks for the help|thank you for the help|thanks a lot for your help|"
        "thank you very much for your help|thank you so much for your help|thanks for the info|"
        "thank you for the information"
    ),
    "de": (
        "danke|danke schön|dankeschön|vielen dank|danke sehr|herzlichen dank|besten dank|danke dir|"
        "danke ihnen|ich danke ihnen|tausend dank|merci|danke für die hilfe|danke für deine hilfe|"
        "danke für ihre hilfe|vielen dank für die hilfe|vielen dank für ihre hilfe|"
        "vielen dank für deine hilfe|danke für die auskunft"
    ),
    "fr": (
        "merci|merci beaucoup|merci bien|mille mercis|je vous remercie|grand merci|merci pour votre aide|"
        "merci de votre aide|merci pour ton aide|merci beaucoup pour votre aide|merci pour l'aide"
    ),
    "es": (
        "gracias|muchas gracias|mil gracias|muchísimas gracias|te lo agradezco|se lo agradezco|"
        "gracias por tu ayuda|gracias por su ayuda|gracias por la ayuda|muchas gracias por su ayuda|"
        "muchas gracias por tu ayuda|muchas gracias por la ayuda"
    ),
}
_ASIDES = (
    "excuse me|sorry|honestly|quick question|just wondering|dear team|dear all|well|ok|okay|"
    "entschuldigung|entschuldigen sie|verzeihung|ehrlich gesagt|kurze frage|sehr geehrte damen und herren|"
    "excusez-moi|pardon|franchement|petite question|disculpe|disculpa|perdón|perdone|sinceramente|"
    "una pregunta"
)
"""What stands before a question, marked off from it by a comma or a full stop."""
_LEADS = (
    "hello|hi|hey|hello there|hi there|hallo|guten tag|guten morgen|bonjour|bonsoir|hola|buenos días|"
    "please|bitte|por favor|s'il vous plaît|i was wondering|i wonder|could you tell me|"
    "could you please tell me|can you tell me|can you please tell me|would you tell me|please tell me|"
    "tell me|do you know|i would like to know|i'd like to know|i want to know|können sie mir sagen|"
    "können sie mir bitte sagen|könnten sie mir sagen|könnten sie mir bitte sagen|kannst du mir sagen|"
    "kannst du mir bitte sagen|wissen sie|weißt du|ich wüsste gern|ich möchte wissen|"
    "pouvez-vous me dire|pourriez-vous me dire|peux-tu me dire|savez-vous|sais-tu|je voudrais savoir|"
    "j'aimerais savoir|me puede decir|me puedes decir|puede decirme|puedes decirme|podría decirme|"
    "podrías decirme|quisiera saber|me gustaría saber"
)
"""What leads to a question without a mark between them."""
_REGARDS = (
    "best regards|kind regards|regards|viele grüße|mit freundlichen grüßen|cordialement|saludos|"
    "thanks in advance|thank you in advance|danke im voraus|vielen dank im voraus|merci d'avance|"
    "gracias de antemano"
)
PLEASES = "please|pls|plz|bitte|s'il vous plaît|s'il te plaît|svp|stp|por favor"


def _any(*written: str) -> str:
    phrases = {phrase for each in written for phrase in each.split("|")}
    ordered = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return "|".join(re.escape(phrase).replace(r"\ ", r"\s{1,4}") for phrase in ordered)


# A mark is a sign that parts sentences or what stands in them, or a new line; a hyphen makes one word.
_MARK = r"[ \t]{0,4}[,.;:!?…–—\r\n][\s,.;:!?…–—]{0,8}"
_END = r"[\s,.;:!?…]{0,8}\Z"
_ALONE = _any(*GREETINGS.values(), *THANKS.values())
_MARKED_OFF = (
    re.compile(rf"[\s¡¿]{{0,8}}(?:{_ALONE}|{_any(_ASIDES, _LEADS)}){_MARK}", re.IGNORECASE),
    re.compile(rf"{_MARK}(?:{_ALONE}|{_any(_REGARDS, PLEASES)}){_END}", re.IGNORECASE),
)
_RUN_ON = (
    re.compile(rf"[\s¡¿]{{0,8}}(?:{_any(_LEADS)})\s{{1,8}}", re.IGNORECASE),
    re.compile(rf"\s{{1,8}}(?:{_any(PLEASES)}){_END}", re.IGNORECASE),
)
_GREETS = re.compile(rf"[\s¡¿]{{0,8}}(?:{_ALONE})(?=[\s,.;:!?…–—]|\Z)", re.IGNORECASE)
_COURTESIES_MAX = 4
_ENDING_MAX = 80
_RUN_ON_LEAVES = 3
"""How many words are left at least where no mark tells courtesy apart: `hello world` is none."""
_WORD = re.compile(r"[^\W\d_]\w|\w[^\W\d_]|(?![\u0000-\u02ff])[^\W\d_]")


def to_the_point(text: str) -> str:
    """Give what is asked, without the greeting before it and the thanks behind it.

    `Hello! Could you please tell me how long it takes? Thanks` asks `how long it takes`. Where nothing else
    is said, the text is given as it is.
    """
    left = text
    for _ in range(_COURTESIES_MAX):
        before = left
        left = _without(_without(left, *_MARKED_OFF, 1), *_RUN_ON, _RUN_ON_LEAVES)
        if left == before:
            break
    return left


def is_courteous(sentence: str) -> bool:
    """Say whether a sentence greets or thanks, perhaps with a name: `Hello, here is Bea`."""
    return _GREETS.match(sentence) is not None


def has_word(text: str) -> bool:
    """Say whether a text has a word: of two signs, or one of a script that writes words with one."""
    return _WORD.search(text) is not None


def _without(text: str, begins: re.Pattern[str], stops: re.Pattern[str], least: int) -> str:
    """Cut a courtesy off before and one behind, where so many words are left."""
    start = begins.match(text)
    if start is not None and len(text[start.end() :].split()) >= least:
        text = text[start.end() :]
    stop = stops.search(text, max(0, len(text) - _ENDING_MAX))
    return text[: stop.start()] if stop is not None and len(text[: stop.start()].split()) >= least else text
