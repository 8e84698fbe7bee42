"""The child process that reads files (`python -m mainstay.engines.parsers.child`): files in, text out."""

import contextlib
import json
import os
import resource
import struct
import sys
from dataclasses import asdict
from typing import BinaryIO

from mainstay.engines.parsers.documents import Ocr, read
from mainstay.kit.errors import Failure
from mainstay.ports.parsers import FileTooLarge, FileUnreadable

LENGTH = struct.Struct(">I")
_CPU_SECONDS_PER_SECOND = 4  # several threads may work on one file


def main(ocr: Ocr | None = None) -> None:
    """Answer until the pipe ends; what libraries print goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    answers.write(LENGTH.pack(0))  # ready
    answers.flush()
    while answer(sys.stdin.buffer, answers, ocr):
        pass


def answer(questions: BinaryIO, answers: BinaryIO, ocr: Ocr | None) -> bool:
    """Read one file; false when there is no further one."""
    size = questions.read(LENGTH.size)
    if len(size) < LENGTH.size:
        return False
    asked = json.loads(questions.read(LENGTH.unpack(size)[0]))
    content = questions.read(asked["size"])
    _limit_cpu(asked["seconds_max"])
    text = b""
    try:
        parsed = read(content, asked["name"], asked["media_type"], asked["characters_max"], ocr)
        text = parsed.text.encode("utf-8", "replace")
        told: dict[str, object] = {"parsed": {**asdict(parsed), "text": len(text)}}
    except Failure as failure:
        told = {"failure": failure.code(), "detail": failure.detail}
    except (MemoryError, RecursionError):
        told = {
            "failure": FileTooLarge.code(),
            "detail": "The file needs too much memory to be read. Split it.",
        }
    except Exception as error:  # noqa: BLE001 - a file must never end the loop, whatever a library raises
        detail = f"The file cannot be read ({type(error).__name__}); it may be damaged. Save it anew."
        told = {"failure": FileUnreadable.code(), "detail": detail}
    message = json.dumps(told).encode()
    answers.write(LENGTH.pack(len(message)) + message + text)
    answers.flush()
    return True


def _limit(what: int, most: int) -> None:
    with contextlib.suppress(ValueError, OSError):  # a stricter limit stands already
        resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


def _limit_cpu(seconds_max: float) -> None:
    """Bound this file's processor time, so that an orphan of a killed parent ends by itself."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(
        resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds_max * _CPU_SECONDS_PER_SECOND) + 2
    )


if __name__ == "__main__":
    main()
