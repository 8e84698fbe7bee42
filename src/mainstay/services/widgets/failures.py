"""How widgets may fail, each named after the fact."""

from mainstay.kit.errors import Conflict, Forbidden, NotFound


class WidgetMissing(NotFound):
    """There is no such widget, or you did not come by it."""

    title = "There is no such widget"


class WidgetsTooMany(Conflict):
    """A bot has as many widgets as one may have."""

    title = "The bot has too many widgets"


class WidgetShowsDocuments(Forbidden):
    """Visitors are shown what the bot's collections hold: whoever makes a widget has to read that too."""

    title = "Who makes a widget has to be able to read documents"
