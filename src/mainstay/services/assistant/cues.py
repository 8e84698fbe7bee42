"""The words by which people steer a dialogue, in four languages."""

import re
from collections.abc import Container, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from mainstay.kit.courtesies import PLEASES, THANKS
from mainstay.services.assistant.wording import cleaned, tidy


@dataclass(frozen=True)
class Cues:
    """Whole sentences, or beginnings and ends of sentences, that steer a dialogue.

    A correction may begin with `correct` and surely does with `meant`, or ends with `instead`. Who is asked
    for something may need time (`pause`), or want to know what for, or what there is (`wonder`).
    """

    yes: frozenset[str]
    no: frozenset[str]
    cancel: frozenset[str]
    correct: tuple[str, ...]
    meant: tuple[str, ...]
    instead: tuple[str, ...]
    pause: frozenset[str]
    wonder: frozenset[str]

    def answer(self, said: str) -> Literal["yes", "no", "cancel"] | None:
        """Tell what a bare text says from its first word to its last, beside courtesies: `yes, please do it`.

        None: it says something else too, or both yes and no.
        """
        parts = courteously(_unfilled(said), self.yes | self.no | self.cancel)
        if parts and parts <= self.yes:
            return "yes"
        if not parts or parts & self.yes:
            return None
        return "cancel" if parts & self.cancel else "no"

    def agrees(self, text: str) -> bool:
        """Tell whether a text says yes; a question back (`sure?`) does not."""
        return self.answer(bare(text)) == "yes" and not any(mark in text for mark in "?？")

    def corrects(self, said: str) -> bool:
        """Tell whether a bare text may put right what was said: `make it Friday`, `Friday instead`."""
        return self.takes_back(said) or _beginning(_unfilled(said), self.correct) is not None

    def takes_back(self, said: str) -> bool:
        """Tell whether a bare text surely does: `no, I meant Friday`, `no, Friday`."""
        said = _unfilled(said)
        first, *rest = said.split() or [""]
        short = 0 < len(rest) <= _TAKEN_BACK_WORDS and first in self.no
        ends = said.endswith(tuple(f" {each}" for each in self.instead))
        return short or ends or _beginning(said, self.meant) is not None

    def meaning(self, text: str) -> str | None:
        """Give the few words behind `no, I meant` and its like; None where a text does not begin so."""
        begun = _beginning(_unfilled(bare(text)), self.meant)
        if begun is None or not _REWORDING.search(begun):
            return None
        words = r"\W+".join(re.escape(word) for word in begun.split())
        meaning = re.sub(rf"^.*?\b{words}\W*", "", cleaned(text), count=1, flags=re.IGNORECASE)
        return meaning if len(meaning.split()) <= _REWORDED_WORDS else None

    def asks_back(self, said: str) -> Literal["pause", "wonder", "unsure"] | None:
        """Tell whether a bare text is no answer: `one moment`, `what for?`, `I do not know`."""
        if _WHY.fullmatch(said):
            return "wonder"
        parts = courteously(_unfilled(said), self.pause | self.wonder | _NOT_KNOWING)
        if not parts:
            return "pause" if said and not _unfilled(said) else None
        return "unsure" if parts & _NOT_KNOWING else "wonder" if parts & self.wonder else "pause"


_TAKEN_BACK_WORDS = 5
"""Who says no and more than that says something else."""

_REWORDED_WORDS = 4
"""Who means more than that rather tells something: `I meant to ask …`."""

_PHRASE_WORDS = 12
_CUES = {  # yes, no, cancel, correct, meant, instead, pause, wonder
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
            "please don't|please don't do that|please don't do it|please do not|please do not do that|"
            "please do not do it|don't stop|do not stop|don't cancel|"
            "do not cancel|rather not|better not|of course not|absolutely not|definitely not|"
            "certainly not"
        ),
        (
            "cancel|cancel that|never mind|nevermind|forget it|stop|stop it|abort|start over|quit|"
            "ok never mind|okay never mind|alright never mind|ok forget it|okay forget it|nvm|"
            "never mind then|forget about it|i changed my mind|i've changed my mind|back to the bot|"
            "no longer needed|not needed anymore|i don't need a person anymore|alright forget it"
        ),
        (
            "actually|make it|no make it|change it to|change that to|change the|rather|no rather|better|"
            "sorry|wait|oops"
        ),
        (
            "no i mean|no i meant|i mean|i meant|sorry i mean|sorry i meant|sorry no|no sorry|no wait|"
            "wait no|scratch that|correction"
        ),
        "instead|rather|i meant|i mean",
        (
            "wait|hold on|hang on|one moment|just a moment|a moment|one second|one sec|just a second|"
            "wait a second|wait a moment|wait a minute|give me a second|give me a moment|"
            "give me a minute|wait a sec|just a sec|let me think|let me check|let me see|let me look|"
            "i need to check|i have to check|i need to look|i have to look|hm|hmm|hmmm|um|uh|er"
        ),
        (
            "why|what for|for what|how come|why do you ask|why do you need that|why do you need this|"
            "why do you need it|why do you need to know|why do you need to know that|"
            "why do you want to know|do you need that|do you really need that|is that necessary|"
            "do i have to|what|what's that|what is that|which|which one|which ones|what do you mean|"
            "what do you mean by that|what does that mean|i don't understand|i do not understand|"
            "what should i say|what can i say|what are my options|what are the options|what can i choose|"
            "what is there|for example|such as|like what"
        ),
    ),
    "de": (
        (
            "ja|jawohl|jep|jo|genau|richtig|ja bitte|stimmt|das stimmt|gern|gerne|ja gern|ja gerne|ok|"
            "okay|klar|na klar|sicher|natürlich|selbstverständlich|auf jeden fall|einverstanden|"
            "in ordnung|ich bestätige|bestätigt|mach das|mach es|tu das|tu es|machen sie das|"
            "machen sie es|tun sie das|tun sie es|nur zu"
        ),
        (
            "nein|nee|nö|keines|keins|keine davon|keines davon|nein danke|weder noch|lieber nicht|"
            "besser nicht|bitte nicht|auf keinen fall|natürlich nicht|sicher nicht|mach das nicht|"
            "mach es nicht|tu das nicht|tu es nicht|machen sie das nicht|machen sie es nicht|"
            "tun sie das nicht|tun sie es nicht|noch nicht|jetzt nicht"
        ),
        (
            "abbrechen|abbruch|vergiss es|ok vergiss es|okay vergiss es|vergessen sie es|stopp|halt|"
            "ich habe es mir anders überlegt|zurück zum bot|doch nicht nötig|nicht mehr nötig|"
            "hat sich erledigt|das hat sich erledigt"
        ),
        (
            "eigentlich|lieber|besser|doch lieber|nein lieber|doch besser|ändere das auf|"
            "ändern sie das auf|entschuldigung|sorry|moment|warte"
        ),
        (
            "nein ich meine|nein ich meinte|ich meine|ich meinte|ach nein|nein doch|nein warte|quatsch|"
            "korrektur"
        ),
        "lieber|stattdessen|meinte ich|meine ich",
        (
            "moment|moment mal|einen moment|augenblick|einen augenblick|sekunde|eine sekunde|warte|"
            "warten sie|warte mal|warte kurz|warten sie kurz|ich muss nachsehen|ich muss nachschauen|"
            "ich sehe nach|ich schaue nach|ich schau nach|lass mich überlegen|lassen sie mich überlegen|"
            "mal sehen|hm|hmm|äh|ähm"
        ),
        (
            "warum|wieso|weshalb|wofür|wozu|warum fragst du|warum fragen sie|wofür brauchst du das|"
            "wofür brauchen sie das|warum brauchst du das|warum brauchen sie das|wozu brauchen sie das|"
            "wozu brauchst du das|brauchen sie das|brauchst du das|muss das sein|muss ich das sagen|was|"
            "was ist das|welche|welcher|welches|was meinst du|was meinen sie|was meinst du damit|"
            "was meinen sie damit|was heißt das|was bedeutet das|wie bitte|ich verstehe nicht|"
            "das verstehe ich nicht|was soll ich sagen|was kann ich sagen|was gibt es|welche gibt es|"
            "zum beispiel"
        ),
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
        (
            "annuler|annule|laisse tomber|laissez tomber|stop|arrête|finalement ce n'est pas la peine|"
            "ce n'est plus la peine|ce n'est pas la peine|plus besoin"
        ),
        (
            "en fait|plutôt|non plutôt|finalement|mettez plutôt|mets plutôt|changez pour|change pour|"
            "pardon|attendez|attends|oups"
        ),
        (
            "non je veux dire|je veux dire|je voulais dire|non je voulais dire|non pardon|non attendez|"
            "non attends|correction"
        ),
        "plutôt|à la place|je voulais dire",
        (
            "un moment|un instant|une seconde|une minute|attendez|attends|attendez un instant|"
            "attends un instant|laissez-moi réfléchir|laisse-moi réfléchir|laissez-moi voir|"
            "laisse-moi voir|je vérifie|je regarde|je dois vérifier|je dois regarder|hm|hmm|euh"
        ),
        (
            "pourquoi|pour quoi faire|pourquoi cette question|pourquoi demandez-vous cela|"
            "pourquoi avez-vous besoin de ça|pourquoi avez-vous besoin de cela|"
            "pourquoi as-tu besoin de ça|c'est nécessaire|est-ce nécessaire|quoi|qu'est-ce que c'est|"
            "c'est quoi|lequel|laquelle|lesquels|que voulez-vous dire|que veux-tu dire|"
            "qu'est-ce que ça veut dire|ça veut dire quoi|je ne comprends pas|je comprends pas|"
            "que dois-je dire|que puis-je dire|quelles sont les options|quels sont les choix|par exemple"
        ),
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
        ("cancelar|cancela|olvídalo|déjalo|parar|ya no hace falta|no hace falta|ya no es necesario"),
        (
            "en realidad|mejor|no mejor|mejor dicho|cámbialo a|cámbielo a|cambia a|cambie a|que sea|"
            "perdón|espera|espere"
        ),
        (
            "no quiero decir|quiero decir|quería decir|no quería decir|quise decir|no quise decir|digo|"
            "no perdón|no espera|no espere|corrección"
        ),
        "mejor|en su lugar|quería decir|quise decir",
        (
            "un momento|un segundo|un minuto|espera|espere|espera un momento|espere un momento|"
            "déjame pensar|déjeme pensar|déjame ver|déjeme ver|a ver|voy a mirar|tengo que mirar|"
            "tengo que comprobarlo|hm|hmm|eh"
        ),
        (
            "por qué|para qué|por qué preguntas|por qué pregunta|por qué lo necesitas|"
            "por qué lo necesita|para qué lo necesitas|para qué lo necesita|es necesario|hace falta|qué|"
            "qué es eso|cuál|cuáles|qué quieres decir|qué quiere decir|qué significa eso|qué significa|"
            "no entiendo|no lo entiendo|qué debo decir|qué puedo decir|qué opciones hay|"
            "cuáles son las opciones|por ejemplo"
        ),
    ),
}
_UNSURE = (
    "idk|i don't know|i do not know|i don't know it|no idea|not sure|i'm not sure|"
    "i am not sure|dunno|ich weiß nicht|ich weiß es nicht|weiß ich nicht|weiß nicht|"
    "keine ahnung|bin nicht sicher|je ne sais pas|je sais pas|aucune idée|no sé|no lo sé|"
    "ni idea|no estoy seguro|no estoy segura"
)
_WHY = re.compile(
    r"(?:but )?why (?:do|would|must) you (?:need|want|ask|require)\b.{0,40}|"
    r"(?:aber )?(?:warum|wofür|wozu) (?:brauch|woll|will|frag)\w* (?:sie|du|ihr)\b.{0,40}|"
    r"pourquoi (?:avez|as|voulez|veux|demandez|demandes)\b.{0,40}|"
    r"(?:por|para) qué (?:lo )?(?:necesita|quiere|pregunta)\w*.{0,40}"
)
_REWORDING = re.compile(
    r"(?:meant|meinte|voulais dire|quería decir|quise decir)$|"
    r"^(?:no|sorry|nein|non) .*(?:mean|meine|veux dire|quiero decir)$"
)
_FILLER = re.compile(r"(?:(?:oh|ah|hm+|um|uh|well|whatever|so|ach|tja|na|bon|bueno|pues)(?: |$))+")


def _unfilled(said: str) -> str:
    """Leave out what a bare text begins with and means nothing: `oh`, `hmm`."""
    return _FILLER.sub("", said, count=1) if _FILLER.match(said) else said


_SIGNS = re.compile(r"[^\w' ]+")
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´`", "'"))


def bare(text: str) -> str:
    """Give a text in small letters without its signs; phones write `that’s` for `that's`."""
    return " ".join(_SIGNS.sub(" ", tidy(text.translate(_APOSTROPHES))).split())


_NOT_KNOWING = frozenset(bare(each) for each in _UNSURE.split("|"))
_COURTEOUS = frozenset(bare(each) for each in "|".join((PLEASES, *THANKS.values())).split("|"))


def parted(said: str, known: Container[str], longest: int = _PHRASE_WORDS) -> list[str] | None:
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


def courteously(said: str, known: AbstractSet[str]) -> AbstractSet[str]:
    """Give the known phrases of which a bare text consists, beside courtesies; none: it has more in it."""
    return set(parted(said, known | _COURTEOUS) or ()) - _COURTEOUS


def _beginning(said: str, known: Sequence[str]) -> str | None:
    """Give the longest of some phrases with which a bare text begins."""
    begun = (each for each in known if said == each or said.startswith(f"{each} "))
    return max(begun, key=len, default=None)


def answering(language: str) -> list[str]:
    """Give what says yes, no or cancel in a language, in small letters without signs."""
    yes, no, cancel, *_ = _CUES[language]
    return [bare(each) for each in f"{yes}|{no}|{cancel}".split("|")]


def cues_of(languages: Sequence[str]) -> Cues:
    """Give the cues of some languages together, of all where there are none of these."""
    found = [_CUES[language] for language in languages if language in _CUES] or list(_CUES.values())
    yes, no, cancel, correct, meant, instead, pause, wonder = (
        [bare(each) for written in kind for each in written.split("|")] for kind in zip(*found, strict=True)
    )
    return Cues(
        frozenset(yes),
        frozenset(no),
        frozenset(cancel),
        tuple(correct),
        tuple(meant),
        tuple(instead),
        frozenset(pause),
        frozenset(wonder),
    )


_EVERY = cues_of(())
_NO_NEED = frozenset({"no need", "no need anymore", "no need any more", "schon gut"})


def needs_nobody(text: str) -> bool:
    """Tell whether somebody needs no person any more, in any of the languages: the page may speak another."""
    said = bare(text)
    return _EVERY.answer(said) == "cancel" or bool(courteously(_unfilled(said), _NO_NEED))
