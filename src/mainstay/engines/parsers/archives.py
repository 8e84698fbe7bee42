"""The one opener of archives: no links, no way out, no bombs, no entities, no lies about sizes."""

import io
import stat
import zipfile
import zlib

from mainstay.ports.parsers import FileTooLarge, FileUnreadable

MEMBERS_MAX = 10_000
UNFOLDED_BYTES_MAX = 512 * 1024 * 1024
_RATIO_MAX = 200
_RATIO_FROM_BYTES = 16 * 1024 * 1024  # small files of blanks may well shrink to nothing
_ENCRYPTED = 1
_PIECE_BYTES = 256 * 1024
_MARKUP = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx", ".svg", ".vml")
_ENTITY = "<!entity"
_ENTITIES = tuple(_ENTITY.encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))


def check_zip(content: bytes) -> frozenset[str]:
    """Give the names in a ZIP after unfolding every member once, piece by piece, within the limits.

    Raises FileUnreadable (damaged, encrypted, links, `..`, XML entities) and FileTooLarge.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check_totals(members, len(content))
            for member in members:
                _check_member(member)
            for member in members:
                _unfold(archive, member)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise FileUnreadable("The file is damaged or cut short; send it again.") from error
    return frozenset(member.filename for member in members)


def _check_totals(members: list[zipfile.ZipInfo], size: int) -> None:
    if len(members) > MEMBERS_MAX:
        raise FileTooLarge(f"The file holds {len(members)} members; at most {MEMBERS_MAX} are read.")
    total = sum(member.file_size for member in members)
    if total > UNFOLDED_BYTES_MAX:
        raise FileTooLarge(f"The file unfolds to {total} bytes; at most {UNFOLDED_BYTES_MAX} are read.")
    if total > _RATIO_FROM_BYTES and total > size * _RATIO_MAX:
        raise FileTooLarge(f"The file unfolds to {total // size} times its size; at most {_RATIO_MAX}.")


def _check_member(member: zipfile.ZipInfo) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or ":" in parts[0]:
        raise FileUnreadable("The file holds a member whose path leads out of it; it was refused.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise FileUnreadable("The file holds a link, which is refused.")
    if member.flag_bits & _ENCRYPTED:
        raise FileUnreadable("The file is encrypted; save it without a password and send it again.")


def _unfold(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    markup = member.filename.lower().endswith(_MARKUP)
    kept = b""
    with archive.open(member) as file:
        while piece := file.read(_PIECE_BYTES):
            kept = (kept[-32:] + piece).lower() if markup else b""
            if any(entity in kept for entity in _ENTITIES):
                raise FileUnreadable("The file's XML declares entities, which are refused.")
