"""Make text that came out of documents or models harmless to show: words stay, links and images go."""

import re
from bisect import bisect_right

_PASSES_MAX = 8
_REMOVED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_ELEMENTS = (
    "a|abbr|address|area|article|aside|audio|b|base|bdi|bdo|big|blink|blockquote|body|br|button|canvas|caption|"
    "center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|"
    "figcaption|figure|font|footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|i|iframe|image|img|"
    "input|ins|kbd|keygen|label|legend|li|link|main|map|mark|marquee|math|menu|meta|meter|nav|noframes|noscript|"
    "object|ol|optgroup|option|output|p|param|picture|plaintext|portal|pre|progress|q|rp|rt|ruby|s|samp|script|"
    "search|section|select|slot|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|"
    "template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|use|var|video|wbr|xmp"
)
_TAG = re.compile(rf"</?(?:{_ELEMENTS})(?=[\s/>])[^<>]*>|<![^<>]*>|<\?[^<>]*>", re.IGNORECASE)
_UNSEEN_OPEN = re.compile(r"<(script|style|template|iframe|object|noscript)\b", re.IGNORECASE)
_UNSEEN_CLOSE = re.compile(r"</(script|style|template|iframe|object|noscript)\b[^<>]*>", re.IGNORECASE)
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*|[^\s<>@]+@[^\s<>@]+)>")
_TARGET = (
    r"\(\s{0,8}(?:<[^<>\n]*>|[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)"
    r"(?:\s{1,8}(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s{0,8}\)"
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]" + _TARGET)
_DEFINITION = re.compile(
    r"^[ \t>]{0,12}\[([^\[\]\n]{1,200})\]:[ \t]{0,8}(?:<[^<>\n]*>|\S+)"
    r"(?:[ \t]{1,8}(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]{0,8}$\n?",
    re.MULTILINE,
)
_REFERENCE = re.compile(r"!?\[([^\[\]]*)\](?:\[([^\[\]]*)\])?")
_DATA_URI = re.compile(r"\bdata:[a-z]+/[a-z0-9.+-]+[;,][^\s)>\"']*", re.IGNORECASE)
_SCHEME = re.compile(
    r"(?<![a-z0-9+.-])(?:[a-z][a-z0-9+.-]{0,31}://|(?:javascript|vbscript|mailto|xmpp):(?=\S))", re.IGNORECASE
)
_WWW = re.compile(r"(?<![\w.])www\.", re.IGNORECASE)
_MATH_LINK = re.compile(r"\\(?=(?:href|url|includegraphics|html[A-Z][a-z]*)\b)")
_BROKEN = (
    (re.compile(r"\](?=[(:])"), "] "),
    (re.compile(r"<(?=[A-Za-z/!?])"), "< "),
    (re.compile(r":(?=//)"), ": "),
    (re.compile(r"(?<=www)\.", re.IGNORECASE), " ."),
)


def plain(text: str) -> str:
    """Reduce a text to what a reader sees, so that no renderer makes a link or an image of it.

    Markdown links, images and references become their text, HTML tags vanish (scripts and styles with
    their content), addresses lose their scheme and `www.`, `data:` URIs vanish, invisible and
    direction-changing characters vanish. What looks like syntax and is not understood is taken apart by a
    space. Emphasis, lists, code and citation marks such as `[1][3]` stay. E-mail addresses stay as text.
    Pieces made harmless one by one must be joined by white space. Time grows linearly with the length.
    """
    text = _REMOVED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for _ in range(_PASSES_MAX):
        before = text
        text = _reduced(text)
        if text == before:
            break
    for pattern, apart in _BROKEN:
        text = pattern.sub(apart, text)
    return text


def _reduced(text: str) -> str:
    text = _TAG.sub("", _without_unseen(text))
    text = _AUTOLINK.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _without_references(text)
    text = _DATA_URI.sub("", text)
    text = _SCHEME.sub("", text)
    text = _WWW.sub("", text)
    return _MATH_LINK.sub("", text)


def _without_unseen(text: str) -> str:
    """Drop elements whose content a browser does not show, where they are closed."""
    kept: list[str] = []
    closings: dict[str, list[int]] = {}
    for found in _UNSEEN_CLOSE.finditer(text):
        closings.setdefault(found[1].lower(), []).append(found.end())
    place = 0
    for found in _UNSEEN_OPEN.finditer(text):
        if found.start() < place:
            continue
        ends = closings.get(found[1].lower(), [])
        after = bisect_right(ends, found.end())
        if after < len(ends):
            kept.append(text[place : found.start()])
            place = ends[after]
    kept.append(text[place:])
    return "".join(kept)


def _without_references(text: str) -> str:
    names = {match[1].casefold().strip() for match in _DEFINITION.finditer(text)}
    if not names:
        return text

    def visible(match: re.Match[str]) -> str:
        label = (match[2] or match[1]).casefold().strip()
        return match[1] if label in names else match[0]

    return _REFERENCE.sub(visible, _DEFINITION.sub("", text))
