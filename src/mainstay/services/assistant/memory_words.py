"""What people say to have something remembered or forgotten, and how a bot asks whether it may."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mainstay.services.assistant.cues import bare
from mainstay.services.assistant.wording import cleaned

_PREFIX = re.compile(r"^[^\w]+|[\s.!]+$")


@dataclass(frozen=True)
class MemoryPhrases:
    """What the bot says of its memory."""

    may_i: str
    noted: str
    declined: str
    reuse: str
    known: str
    nothing: str
    forgotten: str


@dataclass(frozen=True)
class MemoryCues:
    """Beginnings of sentences that name a fact, and whole sentences."""

    remember: tuple[str, ...]
    forget: frozenset[str]
    recite: frozenset[str]


PHRASES = {
    "en": MemoryPhrases(
        "May I remember this for the next time? You can take it back whenever you like.",
        "I will remember this:",
        "All right, I will not remember anything.",
        "Shall I use this again?",
        "This is what I remember of you:",
        "I remember nothing of you.",
        "I have forgotten all that I remembered of you.",
    ),
    "de": MemoryPhrases(
        "Darf ich mir das für das nächste Mal merken? Sie können es jederzeit zurücknehmen.",
        "Ich merke mir:",
        "Gut, ich merke mir nichts.",
        "Soll ich das wieder nehmen?",
        "Das habe ich mir von Ihnen gemerkt:",
        "Ich habe mir nichts von Ihnen gemerkt.",
        "Ich habe alles vergessen, was ich mir von Ihnen gemerkt hatte.",
    ),
    "fr": MemoryPhrases(
        "Puis-je retenir cela pour la prochaine fois ? Vous pouvez revenir là-dessus à tout moment.",
        "Je retiens ceci :",
        "D'accord, je ne retiendrai rien.",
        "Dois-je reprendre ceci ?",
        "Voici ce que j'ai retenu de vous :",
        "Je n'ai rien retenu de vous.",
        "J'ai oublié tout ce que j'avais retenu de vous.",
    ),
    "es": MemoryPhrases(
        "¿Puedo recordar esto para la próxima vez? Puede cambiar de opinión cuando quiera.",
        "Recordaré esto:",
        "De acuerdo, no recordaré nada.",
        "¿Uso esto otra vez?",
        "Esto es lo que recuerdo de usted:",
        "No recuerdo nada de usted.",
        "He olvidado todo lo que recordaba de usted.",
    ),
}
_CUES = {
    "en": (
        "please remember that|remember that|please note that|note that",
        "forget everything|forget everything about me|forget what you know about me|forget all about me",
        "what do you know about me|what do you remember about me|what do you remember",
    ),
    "de": (
        "bitte merk dir dass|merk dir bitte dass|merk dir dass|merke dir dass|merk dir|merken sie sich dass",
        "vergiss alles|vergessen sie alles|vergiss alles über mich|vergessen sie alles über mich",
        "was weißt du über mich|was wissen sie über mich|was hast du dir gemerkt|was haben sie sich gemerkt",
    ),
    "fr": (
        "souviens-toi que|souvenez-vous que|retiens que|retenez que|rappelle-toi que|rappelez-vous que",
        "oublie tout|oubliez tout|oublie tout de moi|oubliez tout de moi",
        "que sais-tu de moi|que savez-vous de moi|qu'as-tu retenu|qu'avez-vous retenu",
    ),
    "es": (
        "recuerda que|recuerde que|por favor recuerda que|por favor recuerde que",
        "olvida todo|olvide todo|olvida todo sobre mí|olvide todo sobre mí",
        "qué sabes de mí|qué sabe de mí|qué recuerdas de mí|qué recuerda de mí",
    ),
}


def memory_phrases_of(languages: Sequence[str]) -> MemoryPhrases:
    """Give the words of the first language that there are words of; else the English ones."""
    return next((PHRASES[language] for language in languages if language in PHRASES), PHRASES["en"])


def memory_cues_of(languages: Sequence[str]) -> MemoryCues:
    """Give the cues of some languages together, of all where there are none of these."""
    found = [_CUES[language] for language in languages if language in _CUES] or list(_CUES.values())
    remember, forget, recite = (
        [bare(each) for language in found for each in language[kind].split("|")] for kind in range(3)
    )
    ordered = sorted(set(remember), key=len, reverse=True)
    return MemoryCues(tuple(ordered), frozenset(forget), frozenset(recite))


def named_fact(cues: MemoryCues, text: str) -> str:
    """Give what somebody asks to have remembered, in her own words; nothing if she asks for nothing."""
    said = cleaned(text)
    words = list(re.finditer(r"[^\s]+", said))
    plain = [bare(word[0]) for word in words]
    for cue in cues.remember:
        parts = cue.split()
        begun = " ".join(plain[: _length(plain, parts)]).split()
        if begun == parts and len(words) > (count := _length(plain, parts)):
            return _PREFIX.sub("", said[words[count].start() :]).strip()
    return ""


def _length(plain: Sequence[str], parts: Sequence[str]) -> int:
    """Give how many of the words a cue takes up; one may be several by its signs (`souviens-toi`)."""
    taken, count = 0, 0
    while taken < len(parts) and count < len(plain):
        taken += len(plain[count].split())
        count += 1
    return count
