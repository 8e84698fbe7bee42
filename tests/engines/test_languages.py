"""Languages told from texts: sentences, pieces, rarer languages, and texts that are in none."""

import time

import pytest

from mainstay.engines.languages.ensemble import EnsembleLanguages

DETECTOR = EnsembleLanguages()
_RARER = {
    "gl": "Tódolos seres humanos nacen libres e iguais en dignidade e dereitos",
    "af": "Alle menslike wesens word vry, met gelyke waardigheid en regte, gebore",
    "mk": "Сите човечки суштества се раѓаат слободни и еднакви по достоинство и права",
    "mr": "सर्व मानवी व्यक्ती जन्मतःच स्वतंत्र आहेत व त्यांना समान प्रतिष्ठा व समान अधिकार आहेत",
    "be": "Усе людзі нараджаюцца свабоднымі і роўнымі ў сваёй годнасці і правах",
    "ca": "Tots els éssers humans neixen lliures i iguals en dignitat i en drets",
    "cy": "Genir pawb yn rhydd ac yn gydradd â'i gilydd mewn urddas a hawliau",
    "sw": "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa",
    "is": "Hver maður er borinn frjáls og jafn öðrum að virðingu og réttindum",
    "ka": "ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით",
    "eo": "Ĉiuj homoj estas denaske liberaj kaj egalaj laŭ digno kaj rajtoj",
    "la": "Omnes homines dignitate et iure liberi et pares nascuntur",
    "gd": "Rugadh na h-uile duine saor agus co-ionnan nan urram is nan còirichean",
}


@pytest.mark.parametrize("language", sorted(_RARER))
def test_a_sentence_in_a_rarer_language_is_told(language: str) -> None:
    [guesses] = DETECTOR.detect_many([_RARER[language]])
    assert guesses[0].language == language
    assert len(guesses) == 4
    assert [each.confidence for each in guesses] == sorted(
        (each.confidence for each in guesses), reverse=True
    )


@pytest.mark.parametrize(
    ("piece", "language"),
    [("nicht ganz verstehen", "de"), ("muito mais do que is", "pt"), ("che non è stato mai", "it")],
)
def test_a_piece_of_twenty_signs_is_told(piece: str, language: str) -> None:
    assert DETECTOR.detect(piece) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "12,5 %",
        "😀🛳️",
        "\u200b\u200e",
        "| # | * |",
        "https://example.com/a",
        "a" * 1000,
        "x x xxx!",
    ],
)
def test_what_has_no_words_has_no_language(text: str) -> None:
    assert DETECTOR.detect(text) == "und"
    assert DETECTOR.detect_many([text]) == [[]]


def test_right_to_left_and_invisible_signs_do_no_harm() -> None:
    assert DETECTOR.detect("\u202bשלום עולם, מה שלומך היום?\u202c") == "he"
    assert DETECTOR.detect("Wo \u200bliegt \u200bder \u200bSchlüssel?") == "de"


@pytest.mark.parametrize("piece", ["a", "# ", "漢", "http://", "\u0301", "אa"])
def test_a_megabyte_of_anything_takes_milliseconds(piece: str) -> None:
    DETECTOR.detect("Load the models.")
    started = time.process_time()
    DETECTOR.detect_many([(piece * 1_000_000)[:1_000_000]])
    assert time.process_time() - started < 1
