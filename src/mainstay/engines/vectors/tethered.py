"""A child process that ends with its parent: one left over would write where the next server works.

Run as `python -m mainstay.engines.vectors.tethered PARENT COMMAND...`: becomes the command. Elsewhere than on
Linux it outlives its parent, but the folder that it works on is used by nobody else.
"""

import ctypes
import os
import signal
import sys
from typing import Final

_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG in linux/prctl.h; the command inherits it


def main(parent: str, *command: str) -> None:
    """Tie this process to its parent and become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != int(parent):
        raise SystemExit("the parent has gone")
    os.execvp(command[0], command)  # noqa: S606 - no shell


if __name__ == "__main__":
    main(*sys.argv[1:])
