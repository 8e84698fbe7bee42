"""Names of months, as they are written in seven languages."""

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "en": "january february march april may june july august september october november december",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
"""The twelve names in each language, in small letters, a space between them."""

_SHORT = "jan feb mar apr may jun jul aug sep oct nov dec"


def _numbered(*lines: str) -> dict[str, int]:
    return {name: number for line in lines for number, name in enumerate(line.split(), start=1)}


SHORT: Mapping[str, int] = {**_numbered(_SHORT), "sept": 9}
"""The number of each of English's short names, in small letters; `may` is a whole one, too."""

MONTHS: Mapping[str, int] = {**_numbered(*NAMES.values()), **SHORT}
"""The number of each name, in small letters."""

LONGEST_FIRST = tuple(sorted(MONTHS, key=lambda name: (-len(name), name)))
"""All names, so that none is found in the beginning of another."""
