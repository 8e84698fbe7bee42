"""Where sentences begin and end in a text, with Markdown's headings, bullets and table rows as units."""

import re

_LINE = re.compile(r"[^\r\n]+")
_BREAK = re.compile(r"\r\n?|\n")
_FENCE = re.compile(r"[ \t]*(?:`{3}|~{3})")
_ALONE = re.compile(r"[ \t]*(?:\||#{1,6}[ \t]|={3,}[ \t]*$|-{3,}[ \t]*$)")
_BULLET = re.compile(r"[ \t]*(?:[-*+•‣◦–]|\(?(?:\d{1,9}|[A-Za-z])[.)])[ \t]+(?=\S)")
_STOP = re.compile(
    r"[.!?…]+[\"'”’»›)\]*_]*"
    r"|[؟۔।॥]+[\"'”’»)\]]*"
    r"|[。！？｡]+[」』”’）】\"]*"
)
_NEXT = re.compile(r"\s*[\"'“‘«‹(\[*_]*(\w*)")
_LAST_WORD_LENGTH_MAX = 24
_LAST_WORD = re.compile(r"[^\W\d_](?:[\w.]*\w)?$|\d+$")
_LABELLED = re.compile(r"([^\W\d_]+)\s+\w$")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What stands before a name or a number and so never ends a sentence.
_TITLES = _set(
    "mr mrs ms messrs dr prof st mt rev hon gen col maj capt cmdr lt sgt gov sen rep pres "
    "fig figs eq eqs vol vols nr nos cf vs viz e.g i.e approx ca resp "
    "sr sra srta dra dña ud uds pág págs hr hrn fr frl z.b d.h u.a mme mlle mgr"
)
_BEFORE_NUMBERS = _set(
    "no p pp art arts sec secs ch chap para paras par pt cl ex app jan feb mar apr jun jul aug sep sept "
    "oct nov dec abs s bd núm n"
)
_MONTHS = _set("januar februar märz april mai juni juli august september oktober november dezember")
# After an abbreviation that may end a sentence (U.S., Inc.), only these words begin a new one.
_MAY_END = _set("inc ltd co corp bros jr etc al a.m p.m ph.d")
_BEGINNERS = _set(
    "the a an this that these those it its he she they we you i his her their our there here in on at by "
    "for from with if when while as after before since but and or so yet however moreover thus then no all "
    "each what who why how where der die das es er sie wir el la los las un una en"
)

# What is told apart by letters: "garage B." may end a sentence, where "by B." begins a name.
_LABELLED_NOUNS = _set(
    "annex apartment appendix area article attachment bay block box building bullet category chapter "
    "choice class clause column corridor deck diagram division door drive entrance example exhibit exit "
    "factor figure flat floor form formula garage gate grade group hall hangar hepatitis key lane layer "
    "letter level line list lot method model module option page paragraph part phase plan plant plate "
    "platform point position question room row sample schedule section sector series set shelf site size "
    "slot staircase station step strain subsection table tank team terminal theory tier track type unit "
    "variant version vitamin volume ward warehouse wing yard zone "
    "abschnitt abteilung anhang anlage aufgang ausgang bahnsteig bereich gebäude gruppe halle haus "
    "kategorie klasse raum reihe stufe tabelle teil tor trakt typ variante zimmer "
    "anexo apartado aula bloque clase columna edificio grupo nivel opción parte planta puerta sala "
    "sección serie tabla tipo vitamina zona"
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Give the spans of the sentences, in order and disjoint; all between them is white space.

    Lines that are wrapped belong to one sentence; a blank line, a heading, a bullet, a table row and a
    line of code each end what stands before.
    """
    spans: list[tuple[int, int]] = []
    for start, end, body in _units(text):
        at = start
        for stop in _STOP.finditer(text, body, end):
            if stop.end() < end and _ends(text, stop, at, end):
                _add(spans, text, at, stop.end())
                at = stop.end()
        _add(spans, text, at, end)
    return spans


def _units(text: str) -> list[tuple[int, int, int]]:
    """Give the paragraphs and single lines: start, end, and where the words begin after a bullet."""
    units: list[tuple[int, int, int]] = []
    open_, fenced, last_end = False, False, 0
    for line in _LINE.finditer(text):
        start, end = line.span()
        fence = bool(_FENCE.match(text, start, end))
        if fence:
            fenced = not fenced
        bullet = _BULLET.match(text, start, end)
        alone = fence or fenced or bool(_ALONE.match(text, start, end))
        broken = not open_ or len(_BREAK.findall(text, last_end, start)) > 1
        last_end = end
        if line.group().isspace():
            open_ = False
        elif alone:
            units.append((start, end, end))
            open_ = False
        elif bullet or broken:
            units.append((start, end, bullet.end() if bullet else start))
            open_ = True
        else:
            units[-1] = (units[-1][0], end, units[-1][2])
    return units


def _ends(text: str, stop: re.Match[str], start: int, end: int) -> bool:
    mark = stop.group()
    if mark[0] not in ".!?…":
        return True
    if not text[stop.end()].isspace():
        return False  # 3.14, example.com
    found = _NEXT.match(text, stop.end(), end)
    following = found.group(1) if found else ""
    if following[:1].islower():
        return False
    if mark[0] != "." or mark.startswith(".."):
        return True
    before = text[max(start, stop.start() - _LAST_WORD_LENGTH_MAX) : stop.start()]
    word = _LAST_WORD.search(before)
    return word is None or _is_label(before) or _ends_after(word.group(), following)


def _is_label(before: str) -> bool:
    labelled = _LABELLED.search(before)
    return labelled is not None and labelled.group(1).lower() in _LABELLED_NOUNS


def _ends_after(last: str, following: str) -> bool:
    word, then = last.lower(), following.lower()
    if last.isdigit():
        return then not in _MONTHS
    if word in _TITLES:
        return False
    initial = len(last) == 1 and last.isupper() and last != "I"
    if word in _BEFORE_NUMBERS and (not initial or following[:1].isdigit()):
        return not following[:1].isdigit()
    if word in _MAY_END or initial or ("." in last and last.replace(".", "").isupper()):
        return then in _BEGINNERS and then != "i"
    return True


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    kept = len(piece.strip())
    if kept:
        spans.append((start + left, start + left + kept))
