"""Giving the audit another key, while no server runs: signed by the one before, or because that is lost."""

import os
from dataclasses import dataclass

from mainstay.app import engines
from mainstay.app.audits import DATABASE, KEY, AuditDataMissing
from mainstay.app.neighbours import neighbour, taken
from mainstay.app.settings import Settings
from mainstay.kernel.audit_chain import AuditChain
from mainstay.kernel.audit_keys import AuditKeyChanged, AuditKeys
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Conflict
from mainstay.kit.random import Random
from mainstay.ports.database import Database
from mainstay.ports.signers import Signer

NEXT = "audit.key.next"
"""The new key, until the database knows it; an interrupted rotation is finished with it."""


class AuditKeyThere(Conflict):
    """The key that is said to be lost is there."""

    title = "The key of the audit is not lost"


@dataclass(frozen=True)
class Rotated:
    """Which key follows which."""

    key_id: str
    public_key: str
    previous_id: str


async def rotate(settings: Settings, clock: Clock, random: Random, *, lost: bool) -> Rotated:
    """Make a new key and write it down; raises AuditKeyChanged, AuditKeyThere and others."""
    other = neighbour(settings.data)
    if other is not None:
        raise taken(settings.data, other)
    if not settings.database and not (settings.data / DATABASE).exists():
        raise AuditDataMissing(f"{settings.data} holds no {DATABASE}: name the data folder with --data.")
    if not lost and not (settings.data / KEY).exists():
        raise AuditDataMissing(f"{settings.data} holds no {KEY}: put it back, or say that it is --lost.")
    following = engines.signer(settings, random, NEXT)
    database = engines.database(settings)
    await database.open()
    try:
        previous_id = await _written(settings, database, following, (clock, random), lost=lost)
    finally:
        await database.close()
    (settings.data / NEXT).replace(settings.data / KEY)
    folder = os.open(settings.data, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return Rotated(following.key_id, following.public_key, previous_id)


async def _written(
    settings: Settings, database: Database, following: Signer, by: tuple[Clock, Random], *, lost: bool
) -> str:
    """Write down that a key follows, unless it is written down already; give the id of the one before."""
    keys = AuditKeys(database, following.public_key, engines.verifier)
    known = await keys.all()
    if known and known[-1].key_id == following.key_id:
        return known[-1].previous_id
    clock, random = by
    there = engines.signer(settings, random) if (settings.data / KEY).exists() else following
    expected = await keys.expected(AuditChain(database, keys), there)
    is_there = expected in {"", there.key_id} and there is not following
    if lost:
        if is_there:
            raise AuditKeyThere(f"{KEY} is the key {there.key_id} that signed last; leave --lost out.")
        await keys.succeed(clock, None, following)
        return expected
    if not is_there:
        raise AuditKeyChanged(
            f"The audit was signed with the key {expected}, but {KEY} is {there.key_id}. "
            f"Put {KEY} back from its backup, or say that it is --lost."
        )
    if not known:
        await keys.succeed(clock, None, there)
    await keys.succeed(clock, there, following)
    return there.key_id
