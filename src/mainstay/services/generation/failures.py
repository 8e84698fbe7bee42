"""How asking a generator may fail."""

from mainstay.kit.errors import Conflict, Invalid, NotFound, Unavailable


class GeneratorMissing(NotFound):
    """There is no generator of this name."""

    title = "There is no such generator"


class ConversationInvalid(Invalid):
    """The messages do not make a conversation: a result without its call, too many rounds of tools."""

    title = "This is no conversation that can go on"


class SchemaInvalid(Invalid):
    """What should describe the answer, or a tool's arguments, is no JSON Schema that can be checked."""

    title = "This is no JSON Schema that can be checked"


class AnswerMisshapen(Unavailable):
    """The generator was asked twice, and its answer was not in the form that was asked for."""

    title = "The answer is not in the form that was asked for"
    tried = True


class TraceMissing(NotFound):
    """There is no such trace: it was removed by its age, or never kept."""

    title = "There is no such trace"


class ResponseMissing(NotFound):
    """There is no such response, or it is somebody else's."""

    title = "There is no such response"


class ResponseTaken(Conflict):
    """A response with this id is kept already."""

    title = "There is a response with this id"


class ResponseTooLarge(Invalid):
    """The response with all that led to it is larger than what is kept."""

    title = "The response is too large to be kept"
