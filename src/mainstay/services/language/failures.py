"""How the language service may fail, each named after the fact."""

from mainstay.kit.errors import Invalid, Unavailable


class TextUnclear(Invalid):
    """Neither a text nor several were given, or both, or more than can be read at once."""

    title = "Give either text or texts"


class FindingsTooMany(Invalid):
    """The texts name or state more than one answer tells of."""

    title = "Too much is found in these texts"


class LabelsUnclear(Invalid):
    """Two labels have the same name."""

    title = "The labels cannot be told apart"


class LengthUnclear(Invalid):
    """Both a number of sentences and a number of words were given."""

    title = "Give either sentences or words"


class DimensionsTooMany(Invalid):
    """The encoder's vectors are shorter than what was asked for."""

    title = "The vectors are not that long"


class WordsUnavailable(Unavailable):
    """Nothing is installed or set that writes words of its own."""

    title = "No generator is set"


class TranslationUnavailable(Unavailable):
    """Neither a translator for this pair of languages nor a generator is there."""

    title = "Nothing translates between these languages"


class TextTooLong(Invalid):
    """A text is longer than the encoder reads, and was not to be cut."""

    title = "A text is longer than the encoder reads"


class ModelOther(Invalid):
    """Another encoder or reranker was named than the one that is set: its figures would not fit."""

    title = "Another model is set here"
