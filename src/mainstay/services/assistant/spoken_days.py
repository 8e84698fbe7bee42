"""Days as a bot says them to people, in four languages: `Friday, 4 December 2026`."""

from collections.abc import Mapping, Sequence
from datetime import date

from mainstay.kit.months import NAMES

_WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
}
_FORMS: Mapping[str, str] = {
    "en": "{weekday}, {day} {month} {year}",
    "de": "{weekday}, {day}. {month} {year}",
    "fr": "{weekday} {day} {month} {year}",
    "es": "{weekday}, {day} de {month} de {year}",
}
_CAPITALS = {"en", "de"}


def day_said(value: str, languages: Sequence[str]) -> str:
    """Say a day (ISO 8601) in the first of some languages that has words for it; what is no day stays."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    language = next((each for each in languages if each in _FORMS), "en")
    month = NAMES[language].split()[day.month - 1]
    return _FORMS[language].format(
        weekday=_WEEKDAYS[language].split()[day.weekday()],
        day="1er" if language == "fr" and day.day == 1 else day.day,
        month=month.capitalize() if language in _CAPITALS else month,
        year=day.year,
    )
