"""`mainstay encoder`: have the encoder ready before the first start."""

from mainstay.app import engines
from mainstay.app.commands.serve import DataChoice, encoder_progress, refusals_told, settings_of
from mainstay.transports.cli.printing import console


def encoder(data: DataChoice = None) -> None:
    """Find the encoder, or fetch and build it; `mainstay serve` does the same at its first start.

    Useful where the first start has no network, such as in the making of an image.
    """
    out = console()
    with refusals_told():
        settings = settings_of(data=data)
        with encoder_progress(out) as progress:
            folder = engines.encoder_folder(settings, progress)
        out.print(f"The encoder is in {folder}", markup=False, highlight=False, soft_wrap=True)
