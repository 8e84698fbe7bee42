"""What prompts tell the house."""

from mainstay.kernel.interface import Event


class CaseDue(Event):
    """An example of a test is to be tried."""

    test_id: str
    number: int
