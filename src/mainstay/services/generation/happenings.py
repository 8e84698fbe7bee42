"""What generation tells the house."""

from mainstay.kernel.interface import Event


class TraceJudged(Event):
    """Somebody has said how well an answer did; `exposure_id` is what its request was made for."""

    trace_id: str
    exposure_id: str
    value: float
