"""What programs write into a file's title and metadata when nobody has said anything."""

import re

_OFFICE = "docm|docx?|dotx?|indd|odp|ods|odt|pdf|pps|pptm?|pptx|qxd|rtf|vsdx?|wpd|xlsm?|xlsx?"
_OTHER = "dvi|eps|html?|md|tex|txt|xhtml"  # of one word only: "Editing robots.txt" is a title
_TITLE = re.compile(
    r"\(?(?:untitled|unnamed|anonymous|no title|title|none|null|unknown|unspecified|default|n/?a"
    r"|unbenannt|ohne titel|sans titre|sin título|sem título|senza titolo|naamloos)"
    r"(?:[ -]*(?:document|dokument|documento|page|presentation|spreadsheet))?[ -]*\(?\d*\)?"
    r"|(?:microsoft )?(?:office )?(?:word|excel|power ?point) - .*"
    r"|(?:microsoft )?power ?point[ -](?:presentation|präsentation)|présentation powerpoint"
    r"|presentación de powerpoint|(?:pdf|word|blank|new|neues) (?:document|dokument)"
    r"|(?:document|dokument|documento|presentation|präsentation|présentation) ?\d*"
    r"|(?:slide|folie|diapositiva|book|mappe|sheet|tabelle|page|seite) ?\d+"
    rf"|[^\n]*[^\s/\\]\.(?:{_OFFICE})|\S+\.(?:{_OTHER})"
    r"|about:blank|\W*",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"\(?(?:anonymous|unspecified|unknown|untitled|none|null|default|n/?a)\)?"
    r"|(?:microsoft office |windows |default |registered )?user|owner|admin(?:istrator)?"
    r"|python-(?:docx|pptx)|openpyxl|xlsxwriter|apache poi|reportlab pdf library.*|pdftex|ghostscript"
    r"|(?:microsoft |adobe )?(?:office |libreoffice )?(?:word|excel|powerpoint|writer|impress|calc|acrobat"
    r"|distiller|indesign|latex|libreoffice)[ \d.]*"
    r"|\W*",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-]\d\d)'?(\d\d)?'?)?.*", re.DOTALL | re.ASCII
)


def title_of(told: str | None) -> str | None:
    """Give a title that a file carries, or nothing if a program made it up."""
    title = " ".join((told or "").split())
    return None if _TITLE.fullmatch(title) else title


def says_something(told: str) -> bool:
    """Tell whether an author or a subject is more than a program's default or its own name."""
    return _FACT.fullmatch(told.strip()) is None


def date_of(told: str) -> str:
    """Write a PDF's date, such as `D:20260302101500+01'00'`, as every other date; what is none stays."""
    found = _DATE.fullmatch(told.strip())
    if found is None:
        return told
    year, *rest, zulu, hours, minutes = found.groups()
    month, day, hour, minute, second = (
        part or default for part, default in zip(rest, ("01", "01", "00", "00", "00"), strict=True)
    )
    zone = f"{hours}:{minutes or '00'}" if hours else "Z" if zulu else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"
