"""How encoders, indexes and learners fail; apart from their ports, so that interfaces need not load NumPy."""

from mainstay.kit.errors import Invalid, Unavailable


class EncoderUnavailable(Unavailable):
    """The encoder cannot be reached or loaded."""

    title = "The encoder cannot answer now"


class TokensUnavailable(EncoderUnavailable):
    """This encoder gives vectors of texts only."""

    title = "The encoder gives no token vectors"


class VectorsUnavailable(Unavailable):
    """The vector index cannot be reached; what was stored is safe and will be indexed later."""

    title = "The search index cannot answer now"


class FilterInvalid(Invalid):
    """The filter cannot be understood."""

    title = "The filter cannot be understood"


class LearnerUnavailable(Unavailable):
    """The library that fits classifiers cannot be loaded."""

    title = "Nothing can be trained now"
