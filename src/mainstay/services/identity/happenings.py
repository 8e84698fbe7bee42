"""What identity tells itself."""

from mainstay.kernel.interface import Event


class TenantErasureDue(Event):
    """The time to call a tenant's erasure off is over."""

    erasure_id: str
