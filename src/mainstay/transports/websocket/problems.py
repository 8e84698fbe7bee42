"""How the WebSocket door may refuse, beside what operations and the road refuse."""

from mainstay.kit.errors import Forbidden, NotFound, TooMany


class OperationMissing(NotFound):
    """The message names an operation that is not here."""

    title = "There is no such operation"


class GuestsStayOut(Forbidden):
    """Who came as a guest, such as a visitor of a widget, is not let in by this door."""

    title = "Guests may not connect here"


class SocketsTooMany(TooMany):
    """As many connections are open as this caller, this address, this tenant or this server may have."""

    title = "Too many connections are open"


class SocketFull(TooMany):
    """As many requests are in progress on this connection as one may have; nothing of this one was done."""

    title = "Too many requests are in progress on this connection"
