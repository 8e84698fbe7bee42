"""What only those may do who run this installation."""

from mainstay.kernel.work import caller
from mainstay.kit.errors import Forbidden


class OperatorNeeded(Forbidden):
    """Only administrators of the operator's tenant look after what belongs to the installation."""

    title = "Only the operator of this installation may do this"


def needs_operator() -> None:
    """Refuse whoever is not of the operator's tenant; raises OperatorNeeded."""
    if not caller().operator:
        raise OperatorNeeded("Use an administrator's key of the tenant that runs this installation.")
