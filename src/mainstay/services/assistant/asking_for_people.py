"""The many ways in which people ask for a person instead of a bot, in four languages."""

import re
from collections.abc import Mapping, Sequence

WORDS_MAX = 20
"""Who says more than that says something else, too."""


def _any(*written: str) -> str:
    """Give the expression of one of some phrases."""
    return f"(?:{'|'.join(written)})"


def _some(*written: str) -> str:
    """Give the expression of any number of some phrases, each with a space after it."""
    return rf"(?:{_any(*written)}\s)*"


def _maybe(*written: str) -> str:
    return rf"(?:{_any(*written)}\s)?"


def _after(*written: str) -> str:
    return rf"(?:\s{_any(*written)})*"


_OPENERS = (
    "hello|hi|hey|hallo|guten tag|bonjour|hola|please|bitte|por favor|s'il vous plaît|svp|ok|okay|no|nein|"
    "non|well|sorry|thanks|thank you|danke|merci|gracias|then|dann|alors|entonces|but|aber|mais|pero|and|und|"
    "et|y|listen|look|just|so|also|doch|enough|genug|really"
)
_TOPIC = r"(?:\s[\w']+){1,5}"
_BOT = "(?:bots?|chatbots?|robots?|machines?|computers?|ai|automat|maschine|máquina|ordinateur|ki|ia)"

_EN_WHO = (
    r"(?:(?:an?|any|the|some|your|another|one of (?:your|the))\s)?"
    r"(?:(?:real|live|actual|human|proper|living|responsible|competent|different|other)\s)*"
    r"(?:person|human|human being|people|humans|agents?|operator|representatives?|rep|advis[oe]r|employees?|"
    r"colleagues?|support(?: agent| team| person| staff)?|"
    r"customer (?:service|support|care)(?: agent| rep| representative| team)?|"
    r"(?:member of (?:the |your )?)?(?:staff|team)(?: member)?|consultant|clerk|manager|supervisor|"
    r"someone|somebody|anyone|anybody|boss|front desk|reception|service desk|help ?desk)"
)
_EN_ALONE = (
    r"(?:an?\s)?(?:real|live|actual|human|proper)?\s?"
    r"(?:person|human|human being|agent|operator|representative|customer service|customer support)"
)
_EN_END = _after(
    "real",
    "human",
    "else",
    "here",
    "now",
    "right now",
    "today",
    "please",
    "pls",
    "instead",
    "directly",
    "immediately",
    "urgently",
    "asap",
    "as soon as possible",
    "thanks",
    "thank you",
    "in charge",
    "(?:who|that) can help(?: me)?",
    "(?:from|of|on|in|at) (?:your|the) (?:team|staff|company|support|office)",
    "(?:on|by) (?:the )?phone",
    rf"(?:and )?not (?:to |with )?(?:an?|the|this) {_BOT}",
    rf"instead of (?:an?|the|this) {_BOT}",
    f"about{_TOPIC}",
)
_EN_WISH = _maybe(
    r"(?:i|we)(?: would|'d)? (?:really |just |urgently )?"
    r"(?:want|need|like|love|prefer|wish|demand|have)(?: to)?",
    r"i (?:wanna|gotta)",
    r"(?:can|could|may|might) (?:i|we|you)(?: please)?",
    r"(?:would|will) you(?: please)?",
    r"(?:is it|would it be) possible to",
    r"(?:how|where) (?:can|do|could) i",
    r"let me",
    r"i(?:'m| am) (?:trying|asking) to",
    r"i(?:'d| would) rather",
)
_EN_SAY = _any(
    r"(?:talk|speak|chat)(?: directly)? (?:to|with)",
    r"(?:be|get) (?:connected|transferred|put through) (?:to|with)",
    r"(?:connect|transfer|forward|redirect|direct|pass|hand|put)(?: me| us| this)?(?: on| over| through)?"
    r" (?:to|with)",
    r"get(?: me| hold of| in touch with)?|deal with|put me through(?: to)?",
    r"give me",
    r"bring(?: me| in)?",
    r"reach|contact|call|ask for|escalate(?: this)? to|hear from|have|see|find",
)
_DE_WHO = (
    r"(?:(?:einem|einen|ein|eine|einer|ihrem|ihren|ihrer|den|dem|der|die|irgend)\s)?"
    r"(?:(?:echten?|echter|richtigen?|richtiger|lebendigen|realen|menschlichen|anderen|zuständigen|"
    r"persönlichen)\s)*"
    r"(?:mensch(?:en)?|person|mitarbeiter(?:n|in)?|berater(?:in)?|kollegen|kollegin|ansprechpartner(?:in)?|"
    r"sachbearbeiter(?:in)?|kundenberater(?:in)?|kundendienst|kundenservice|support|team|vorgesetzten|"
    r"operator|agenten|(?:irgend)?jemand(?:em|en)?)"
)
_DE_END = _after(
    "bitte",
    "jetzt",
    "sofort",
    "direkt",
    "dringend",
    "danke",
    "heute",
    "am telefon",
    "telefonisch",
    "persönlich",
    "anderem",
    "anders",
    "echtem",
    "richtigem",
    "vom (?:team|support|kundendienst)",
    "(?:von|aus) (?:ihnen|ihrem team|dem team|ihrer firma|euch)",
    "der mir (?:hilft|helfen kann|weiterhilft)",
    rf"(?:und )?(?:nicht|statt)(?: mit)? (?:einem|einer|einen|dem) {_BOT}",
    rf"über{_TOPIC}",
    rf"wegen{_TOPIC}",
)
_DE_WISH = _maybe(
    r"(?:ich|wir) (?:möchten?|wollen|will|muss|brauche|hätte|würde|verlange|wünsche)",
    r"(?:kann|könnte|darf|dürfte) (?:ich|man)",
    r"(?:können|könnten|würden) (?:sie|wir)(?: mich)?",
    r"(?:kannst|könntest) du(?: mich)?",
    r"(?:lass|lassen sie) mich",
    r"(?:verbinde|verbinden sie|geben sie|gib|holen sie|hol|schicken sie)(?: mich| mir)?",
    r"wie (?:kann|erreiche) ich",
)
_DE_HOW = _some(
    "bitte", "jetzt", "gerne?", "lieber", "direkt", "mal", "sofort", "dringend", "doch", "auch", "einfach"
)
_DE_SAY = (
    r"(?:\s(?:sprechen|reden|chatten|telefonieren|schreiben|erreichen|haben|verbinden|weiterleiten|"
    r"kontaktieren|holen|(?:verbunden|weitergeleitet|durchgestellt) werden))?"
)
_FR_WHO = (
    r"(?:(?:une?|le|la|l'un de vos|un de vos|votre|du|au|des|d'une?|de|l')\s?)?"
    r"(?:(?:vraie?|véritable|autre)\s)*"
    r"(?:personne|humain|être humain|conseill(?:er|ère)|agent|opérat(?:eur|rice)|employée?|"
    r"collaborat(?:eur|rice)|service clients?|support|responsable|téléconseiller|quelqu'un)"
)
_FR_END = _after(
    "humaine?",
    "réelle",
    "physique",
    "s'il vous plaît",
    "s'il te plaît",
    "svp",
    "merci",
    "maintenant",
    "tout de suite",
    "directement",
    "d'autre",
    "de (?:chez vous|votre équipe|l'équipe|réel|vrai)",
    "en chair et en os",
    "qui (?:peut|puisse) m'aider",
    "au téléphone",
    "par téléphone",
    rf"(?:et )?pas (?:à |avec )?(?:une?|le) {_BOT}",
    rf"au sujet{_TOPIC}",
    rf"à propos{_TOPIC}",
)
_FR_WISH = _maybe(
    r"je (?:veux|voudrais|souhaite|souhaiterais|préfère|préférerais|dois)",
    r"j'aimerais",
    r"j'ai besoin(?: de| d')?",
    r"(?:puis je|est ce que je peux|je peux|pourrais je|peut on|on peut)",
    r"(?:pouvez|pourriez) vous",
    r"(?:peux|pourrais) tu",
    r"comment (?:puis je|je peux|faire pour)",
    r"laissez moi",
)
_FR_SAY = _any(
    r"(?:parler|discuter|échanger|chatter)(?: directement)? (?:à|avec|au)",
    r"(?:être|me faire) (?:mise? en (?:relation|contact)|transférée?|redirigée?)(?: avec| à| vers)",
    r"(?:passez|passe|passer|transférez|transférer|mettez|mettre) ?(?:moi|me)?(?: en (?:relation|contact))?"
    r"(?: avec| à| vers)?",
    r"me (?:passer|transférer|mettre en (?:relation|contact))(?: avec| à| vers)?",
    r"(?:joindre|contacter|avoir|voir)",
)
_ES_WHO = (
    r"(?:(?:una?|el|la|los|alguno de sus|otra?|su)\s)?(?:(?:verdader[oa]|auténtic[oa]|otr[oa])\s)*"
    r"(?:persona|humano|ser humano|agente|operador(?:a)?|asesor(?:a)?|empleado|representante|responsable|"
    r"atención al cliente|servicio al cliente|soporte|alguien)"
)
_ES_END = _after(
    "real",
    "humano",
    "humana",
    "de verdad",
    "física",
    "de carne y hueso",
    "por favor",
    "gracias",
    "ahora",
    "ahora mismo",
    "ya",
    "directamente",
    "más",
    "de (?:su|tu|vuestro) equipo",
    "del equipo",
    "que (?:me )?pueda ayudar(?:me)?",
    "que me ayude",
    "por teléfono",
    rf"y no (?:con )?(?:una?|el|la) {_BOT}",
    rf"sobre{_TOPIC}",
)
_ES_WISH = _maybe(
    r"(?:quiero|quisiera|necesito|prefiero|deseo|me gustaría|tengo que|preferiría|solicito)",
    r"(?:puedo|podría|puede|puedes|podrías|se puede|es posible)",
    r"cómo puedo",
    r"(?:déjame|déjeme)",
)
_ES_SAY = _any(
    r"(?:hablar|chatear|comunicarme|contactar|conversar)(?: directamente)?(?: con)?",
    r"(?:que me (?:atienda|pase|pasen|comunique|comuniquen|transfieran))(?: con)?",
    r"(?:pásame|páseme|pasarme|comuníqueme|comunícame|comunicarme|póngame|ponme|transfiérame|transfiéreme)"
    r"(?: con| a)?",
)
_ASKING: Mapping[str, Sequence[str]] = {
    "en": (
        rf"{_EN_WISH}{_EN_SAY}\s{_EN_WHO}{_EN_END}",
        r"(?:please )?(?:call|phone|ring) me(?: back)?(?: please)?(?: now| today| tomorrow)?",
        r"(?:is|are) (?:there )?(?:anybody|anyone|somebody|someone)(?: else)? (?:real )?there",
        r"(?:live|human) (?:chat|support|help)(?: please)?",
        rf"(?:(?:i|we)(?: would|'d)? (?:really |just )?(?:want|need|like|prefer)\s)?{_EN_ALONE}{_EN_END}",
        (
            rf"(?:can|could|would|is there) (?:an?|some|any)?\s?(?:real |human |live )?"
            rf"(?:person|human|agent|someone|somebody|anyone|colleague)"
            rf" (?:please )?(?:help|call|contact|assist|answer|write to|speak to|talk to|i can talk to|"
            rf"i could talk to|i can speak to|to talk to|to speak to)(?: me)?(?: back)?{_EN_END}"
        ),
        (
            rf"(?:i|we) (?:don't|do not|won't|refuse to) (?:want to |like to )?(?:talk|speak|chat|talking) "
            rf"(?:to|with) (?:an?|the|this)? ?{_BOT}(?: anymore| any more)?"
        ),
    ),
    "de": (
        rf"{_DE_WISH}{_DE_HOW}(?:mit|zu|an)\s{_DE_WHO}{_DE_END}{_DE_SAY}{_DE_END}",
        (
            r"(?:(?:ich|wir) (?:möchten?|wollen|will|brauche|hätte gerne?|verlange|wünsche)\s|"
            r"(?:geben sie|gib|holen sie|hol)(?: mir)?\s|kann ich\s|wie erreiche ich\s)?"
            rf"{_DE_HOW}{_DE_WHO}{_DE_END}{_DE_SAY}{_DE_END}"
        ),
        (
            rf"kann (?:mir|mich) (?:bitte )?(?:jemand|ein mensch|ein mitarbeiter)"
            rf"(?: vom team| aus dem team)? (?:helfen|anrufen|zurückrufen|kontaktieren){_DE_END}"
        ),
        (
            rf"(?:ich|wir) (?:möchten?|wollen|will) (?:nicht|lieber nicht) mit "
            rf"(?:einem|einer|dem|der|diesem)? ?{_BOT} (?:sprechen|reden|chatten|schreiben)"
        ),
    ),
    "fr": (
        rf"{_FR_WISH}{_FR_SAY}\s{_FR_WHO}{_FR_END}",
        rf"(?:(?:je (?:veux|voudrais|souhaite)|j'aimerais|il me faut)\s)?{_FR_WHO}{_FR_END}",
        rf"j'ai besoin {_FR_WHO}{_FR_END}",
        rf"(?:est ce que )?quelqu'un (?:peut|pourrait) (?:il )?m'aider{_FR_END}",
        rf"je ne veux pas (?:parler|discuter) (?:à|avec) (?:une?|le|ce|cette) {_BOT}",
    ),
    "es": (
        rf"{_ES_WISH}{_ES_SAY}\s{_ES_WHO}{_ES_END}",
        rf"(?:(?:quiero|quisiera|necesito|prefiero|deseo)\s)?{_ES_WHO}{_ES_END}",
        rf"(?:puede|podría) (?:ayudarme|atenderme) {_ES_WHO}{_ES_END}",
        rf"no quiero (?:hablar|chatear) con (?:una?|el|la|este|esta) {_BOT}",
    ),
}
_NOBODY = (
    "support|team|staff|someone|somebody|anyone|anybody|people|humans|support team|jemand|jemanden|jemandem|"
    "irgendjemand|das team|personne|quelqu'un|le support|alguien|soporte|la persona"
)
"""Alone these ask for nobody: `team` may be what a question is about."""
_NOT = (
    rf"(?!(?:{_NOBODY})$)"
    r"(?!(?:how|where|wie|comment|cómo)\s.*\b(?:support|customer|service|team|staff|kunden\w+|clientes?)\b)"
    r"(?!no (?:quiero|quisiera|necesito|prefiero|deseo|me)\b.*\b(?:persona|humano|agente|alguien)\b)"
)
"""Who asks how the service is reached may find it in the documents; `no quiero` wants none."""


class PeopleAskedFor:
    """Tells requests for a person."""

    def __init__(self, languages: Sequence[str]) -> None:
        """Take the languages that are spoken; all four where none of them is one of these."""
        spoken = [each for each in languages if each in _ASKING] or list(_ASKING)
        every = "|".join(each for language in spoken for each in _ASKING[language])
        self._asks = re.compile(rf"{_NOT}{_some(_OPENERS)}(?:{every})")

    def by(self, said: str) -> bool:
        """Tell whether a bare text asks for a person, from its first word to its last."""
        return 0 < len(said.split()) <= WORDS_MAX and self._asks.fullmatch(said) is not None
