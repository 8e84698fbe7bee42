"""An archive in pieces: each is a gzip member of whole tar entries, and all of them joined are one file."""

import gzip
import io
import tarfile
from collections.abc import Sequence

END = bytes(2 * tarfile.BLOCKSIZE)
"""What ends a tar file (POSIX.1-1988, ustar)."""


def piece(files: Sequence[tuple[str, bytes]], at_ms: int, *, last: bool) -> bytes:
    """Give a piece of an archive with some files; the last one ends it."""
    packed = io.BytesIO()
    for name, content in files:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = len(content), at_ms // 1000, 0o600
        packed.write(entry.tobuf(format=tarfile.PAX_FORMAT))
        packed.write(content)
        packed.write(bytes(-len(content) % tarfile.BLOCKSIZE))
    if last:
        packed.write(END)
    return gzip.compress(packed.getvalue(), compresslevel=6, mtime=0)
