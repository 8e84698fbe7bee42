"""The child process that fits classifiers: reads rows from its input, writes classifiers to its output.

Run as `python -m mainstay.engines.learners.child PARENT`. It dies with its parent: on Linux at once,
elsewhere when its input ends. It leaves the processor to whoever serves.
"""

import ctypes
import json
import os
import signal
import sys
import traceback
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mainstay.engines.learners.framing import ERROR_MAX, LENGTH_BYTES, PARTS, framed
from mainstay.engines.learners.scikit import fitted
from mainstay.ports.learners import Features

_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG in linux/prctl.h
_NICE = 10


def main(parent: str) -> None:
    """Say that the libraries are loaded, then fit what comes, until the input ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != int(parent):
        raise SystemExit("the parent has gone")
    os.nice(_NICE)
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(framed({}))
    answers.flush()
    while head := questions.read(LENGTH_BYTES):
        asked = json.loads(questions.read(int.from_bytes(head)))
        values, columns, starts, labels = (
            _array(questions, kind, count) for kind, count in zip(PARTS, asked["counts"], strict=True)
        )
        rows = Features(values, columns, starts, asked["width"])
        try:
            linear = fitted(rows, labels, asked["loss"], asked["strength"])
        except Exception:  # noqa: BLE001 - whatever it is, whoever asked is told, and logs it
            answers.write(framed({"error": traceback.format_exc()[-ERROR_MAX:]}))
            answers.flush()
            continue
        answers.write(framed({"shape": linear.weights.shape}))
        answers.write(linear.weights.tobytes() + linear.bias.tobytes())
        answers.flush()


def _array(source: BinaryIO, kind: DTypeLike, count: int) -> NDArray[Any]:
    wanted = np.dtype(kind)
    return np.frombuffer(source.read(count * wanted.itemsize), wanted)


if __name__ == "__main__":
    main(*sys.argv[1:])
