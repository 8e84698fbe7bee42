"""Checking an audit without a server: an export, or a data folder's database."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mainstay.app import engines
from mainstay.app.settings import Settings
from mainstay.kernel.audit_chain import AuditChain
from mainstay.kernel.audit_keys import AuditKeys, Succession, trusting
from mainstay.kernel.chain import ChainCheck, Checkpoint, Entry, Sealed
from mainstay.kit.errors import Conflict, Invalid, NotFound
from mainstay.kit.random import SystemRandom
from mainstay.services.observability.interface import (
    AuditCheckpoint,
    AuditCheckpoints,
    AuditPiece,
    ExportBegin,
    ExportEntry,
    ExportKey,
)

KEY = "audit.key"
DATABASE = "mainstay.db"
_CHUNK = 10_000
_KEY_LENGTH = 64

Progress = Callable[[int], None]


class AuditFileUnreadable(Invalid):
    """A file is no export of an audit, or no list of checkpoints."""

    title = "The file cannot be read"


class AuditKeyUnreadable(Invalid):
    """What was given as public key is none."""

    title = "The public key cannot be read"


class AuditDataMissing(NotFound):
    """The folder holds no database, or no key to check it with."""

    title = "There is nothing to check"


class AuditSchemaOther(Conflict):
    """The database has the form of another version of this program; checking changes nothing."""

    title = "The database is of another version"


@dataclass(frozen=True)
class Checked:
    """What was found about one chain."""

    tenant_id: str
    key_id: str
    checked: int
    begins: int
    last_place: int
    unsigned: int
    waiting: int
    finding: str
    wrong_place: int | None
    anchored: bool


def public_key_of(text: str) -> str:
    """Read a public key: 64 hexadecimal digits, or a file with them; raises AuditKeyUnreadable."""
    given = text.strip()
    try:
        if len(given) != _KEY_LENGTH:
            given = Path(given).read_text(encoding="ascii").strip()
        engines.verifier(given)
    except (OSError, ValueError):
        raise AuditKeyUnreadable(
            "Give the 64 hexadecimal digits of `public_key`, as `mainstay audit checkpoint` prints them, or "
            "a file with them."
        ) from None
    return given


def anchors_of(path: Path) -> AuditCheckpoints:
    """Read checkpoints that were kept elsewhere; raises AuditFileUnreadable."""
    try:
        anchors = AuditCheckpoints.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        anchors = None
    if anchors is None:
        raise AuditFileUnreadable(f"{path} is not what `mainstay audit checkpoint` wrote.")
    if not anchors.checkpoints:
        raise AuditFileUnreadable(f"{path} was written before the first checkpoint was signed: take another.")
    return anchors


def _checkpoint(told: AuditCheckpoint) -> Checkpoint:
    values: dict[str, Any] = told.model_dump()
    for name in ("link", "begins_link", "signature"):
        values[name] = bytes.fromhex(values[name])
    return Checkpoint(**values)


def _anchor(anchors: AuditCheckpoints | None, tenant_id: str) -> Checkpoint | None:
    if anchors is None or anchors.tenant_id != tenant_id:
        return None
    return _checkpoint(max(anchors.checkpoints, key=lambda each: each.number))


def _succession(told: ExportKey) -> Succession:
    signatures = {name: bytes.fromhex(getattr(told, name)) for name in ("by_previous", "by_itself")}
    return Succession(**{**told.model_dump(), **signatures})


def _sealed(told: ExportEntry) -> Sealed:
    entry = Entry(
        seq=told.seq,
        at_ms=told.at_ms or 0,
        request_id=told.request_id,
        subject=told.subject,
        operation=told.operation,
        target=told.target,
        outcome=told.outcome,
        door=told.door,
        origin=told.origin,
        salt=None if told.salt is None else bytes.fromhex(told.salt),
        hidden=None if told.hidden is None else bytes.fromhex(told.hidden),
        before=None if told.before is None else bytes.fromhex(told.before),
        after=None if told.after is None else bytes.fromhex(told.after),
    )
    there = None if told.at_ms is None else entry
    return Sealed(told.place, told.seq, bytes.fromhex(told.commitment), bytes.fromhex(told.link), there)


def _pieces(path: Path, progress: Progress) -> Iterator[AuditPiece]:
    """Read an export line by line; raises AuditFileUnreadable."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield AuditPiece.model_validate_json(line)
                except ValidationError:
                    raise AuditFileUnreadable(f"Line {number} of {path} is no piece of an export.") from None
                progress(len(line))
    except OSError as error:
        raise AuditFileUnreadable(f"{path}: {error.strerror}.") from None


def _begin(pieces: Iterator[AuditPiece], path: Path) -> tuple[ExportBegin, AuditPiece]:
    first = next(pieces, None)
    if first is None or first.begin is None:
        raise AuditFileUnreadable(f"{path} does not begin as an export of an audit does.")
    return first.begin, first


def check_file(
    path: Path, public_key: str | None, anchors: AuditCheckpoints | None, progress: Progress
) -> Checked:
    """Check an export; raises AuditFileUnreadable where it is none."""
    if not path.is_file():
        raise AuditFileUnreadable(f"There is no file {path}.")
    pieces = _pieces(path, progress)
    begin, first = _begin(pieces, path)
    if public_key is None:
        public_key = public_key_of(begin.public_key)
    if anchors is not None and anchors.tenant_id != begin.tenant_id:
        raise AuditFileUnreadable("The checkpoint is of another tenant than the export.")
    return _check_pieces(begin, first, pieces, public_key, _anchor(anchors, begin.tenant_id))


def _check_pieces(
    begin: ExportBegin,
    first: AuditPiece,
    pieces: Iterator[AuditPiece],
    public_key: str,
    anchor: Checkpoint | None,
) -> Checked:
    check = ChainCheck(
        begin.tenant_id,
        trusting(public_key, [_succession(each) for each in begin.keys], engines.verifier),
        begin.before,
        bytes.fromhex(begin.previous_link),
        begin.previous_number,
    )
    for erasure in first.erasures:
        check.explain(erasure.at_ms, erasure.places, erasure.proof)
    if anchor is not None:
        check.anchor(anchor)
    finding = _follow(check, pieces, begin.last)
    return Checked(
        tenant_id=begin.tenant_id,
        key_id=begin.key_id,
        checked=check.checked,
        begins=begin.before,
        last_place=check.place,
        unsigned=check.unsigned,
        waiting=0,
        finding=finding,
        wrong_place=check.wrong_place,
        anchored=anchor is not None and anchor.place >= begin.before,
    )


def _follow(check: ChainCheck, pieces: Iterator[AuditPiece], last: int) -> str:
    """Follow an export to its end; give what is wrong with it."""
    ended = False
    try:
        for piece in pieces:
            check.follow(
                [_sealed(each) for each in piece.entries], [_checkpoint(each) for each in piece.checkpoints]
            )
            if piece.end is not None:
                ended = piece.end.entries == check.checked and check.place == last
            if check.finding:
                return check.finding
    except AuditFileUnreadable as failure:
        return failure.detail
    except ValueError:
        return f"Behind entry {check.place} stands something that is not hexadecimal where it must be."
    check.end(None)
    if not check.finding and not ended:
        return f"The export ends after entry {check.place}, before it says that it is complete."
    return check.finding


def _trusted(settings: Settings, public_key: str | None) -> str:
    """Give the public key to trust, without making a key where there is none."""
    if public_key is not None:
        return public_key
    if not (settings.data / KEY).exists():
        raise AuditDataMissing(f"{settings.data} holds no {KEY}: give the public key with --public-key.")
    return engines.signer(settings, SystemRandom()).public_key


async def check_data(
    settings: Settings, public_key: str | None, anchors: AuditCheckpoints | None, progress: Progress
) -> AsyncIterator[Checked]:
    """Check every tenant's chain in a data folder's database; raises AuditDataMissing, AuditSchemaOther."""
    if not settings.database and not (settings.data / DATABASE).exists():
        raise AuditDataMissing(f"{settings.data} holds no {DATABASE}: name the data folder with --data.")
    stored, wanted = engines.schema_versions(settings)
    if stored != wanted:
        raise AuditSchemaOther(
            f"Its schema is {stored or 'without a number'}, this program's is {wanted}. Check it with the "
            "version that wrote it, or start the server once, which brings an older database up to date."
        )
    trusted = _trusted(settings, public_key)
    database = engines.database(settings)
    await database.open()
    try:
        known = AuditKeys(database, trusted, engines.verifier)
        await known.learn()
        chain = AuditChain(database, known)
        seen = False
        async for tenant_id in chain.tenants():
            seen = seen or (anchors is not None and anchors.tenant_id == tenant_id)
            yield await _check_tenant(chain, tenant_id, _anchor(anchors, tenant_id), progress)
        if anchors is not None and not seen:
            yield await _check_tenant(chain, anchors.tenant_id, _anchor(anchors, anchors.tenant_id), progress)
    finally:
        await database.close()


async def _check_tenant(
    chain: AuditChain, tenant_id: str, anchor: Checkpoint | None, progress: Progress
) -> Checked:
    after, checked = 0, 0
    while True:
        verdict = await chain.verify(tenant_id, after=after, limit=_CHUNK, anchor=anchor)
        checked += verdict.checked
        progress(verdict.checked)
        if verdict.following is None:
            break
        after = verdict.following
    newest = await chain.newest(tenant_id)
    return Checked(
        tenant_id=tenant_id,
        key_id=newest[0].key_id if newest else "",
        checked=checked,
        begins=verdict.begins,
        last_place=verdict.last_place,
        unsigned=verdict.unsigned,
        waiting=verdict.waiting,
        finding=verdict.finding,
        wrong_place=verdict.wrong_place,
        anchored=anchor is not None and anchor.place >= verdict.begins,
    )


def as_json(checked: Checked) -> Mapping[str, Any]:
    """Give a verdict for programs."""
    return {"whole": not checked.finding, **vars(checked)}


def line_of(piece: AuditPiece) -> str:
    """Write a piece as a line of an export."""
    return json.dumps(piece.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False) + "\n"
