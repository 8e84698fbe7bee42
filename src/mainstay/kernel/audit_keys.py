"""The keys that have signed an audit, one after the other: each signed by the one before, and signing it."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mainstay.kernel.audit_chain import AuditChain
from mainstay.kernel.chain import Trusted, framed
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Unavailable
from mainstay.ports.database import SYSTEM, Database, Row, Scalar, UniqueViolated
from mainstay.ports.signers import Signer, Verifier

VerifierOf = Callable[[str], Verifier]
"""Makes what checks signatures of a public key; raises ValueError when it is none."""

_ALL = (
    "SELECT number, key_id, public_key, previous_id, previous_key, by_previous, by_itself, at_ms"
    " FROM audit_keys ORDER BY number"
)
_SUCCESSION = b"mainstay audit key v1"


class AuditKeyChanged(Unavailable):
    """The audit was signed with another key than the one that is there now."""

    title = "The key of the audit is another one"


@dataclass(frozen=True)
class Succession:
    """One key after another; `by_previous` is empty where the key before was lost, or this is the first."""

    number: int
    key_id: str
    public_key: str
    previous_id: str
    previous_key: str
    at_ms: int
    by_previous: bytes = b""
    by_itself: bytes = b""

    def statement(self) -> bytes:
        """Give the bytes that both keys sign."""
        return framed(_SUCCESSION, str(self.number), self.previous_key, self.public_key, str(self.at_ms))


def trusting(public_key: str, successions: Sequence[Succession], verifier_of: VerifierOf) -> Trusted:
    """Trust a key, those after it that it signed, and those before it that it signed.

    Whoever holds the first public key trusts no key that came after a loss; whoever holds the newest trusts
    what its holder has said that it follows.
    """
    verifiers = {public_key: verifier_of(public_key)}
    grown = True
    while grown:
        grown = False
        for each in successions:
            for known, key_id, signature, other in (
                (each.previous_key, each.previous_id, each.by_previous, each.public_key),
                (each.public_key, each.key_id, each.by_itself, each.previous_key),
            ):
                if other in {"", *verifiers} or known not in verifiers:
                    continue
                if verifiers[known](key_id, each.statement(), signature):
                    verifiers[other] = verifier_of(other)
                    grown = True

    def trusted(key_id: str, statement: bytes, signature: bytes) -> bool | None:
        verdicts = [verifier(key_id, statement, signature) for verifier in verifiers.values()]
        return next((verdict for verdict in verdicts if verdict is not None), None)

    return trusted


def _succession(row: Row) -> Succession:
    return Succession(
        number=int(row["number"] or 0),
        key_id=str(row["key_id"]),
        public_key=str(row["public_key"]),
        previous_id=str(row["previous_id"]),
        previous_key=str(row["previous_key"]),
        at_ms=int(row["at_ms"] or 0),
        by_previous=_bytes(row["by_previous"]),
        by_itself=_bytes(row["by_itself"]),
    )


def _bytes(value: Scalar) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


class AuditKeys:
    """The keys of one database's audit; called, it says whether a signature is one of theirs."""

    def __init__(self, database: Database, public_key: str, verifier_of: VerifierOf) -> None:
        """Take the key that is trusted; those that follow from it are known once they were `learned`."""
        self._database = database
        self._public_key = public_key
        self._verifier_of = verifier_of
        self._trusted: Trusted = verifier_of(public_key)

    def __call__(self, key_id: str, statement: bytes, signature: bytes) -> bool | None:
        """Say whether a signature is valid; None when it is of a key that is not trusted."""
        return self._trusted(key_id, statement, signature)

    async def all(self) -> list[Succession]:
        """List the successions, oldest first."""
        return [_succession(row) for row in await self._database.fetch(SYSTEM, _ALL)]

    async def learn(self) -> None:
        """Read which keys follow from the trusted one."""
        self._trusted = trusting(self._public_key, await self.all(), self._verifier_of)

    async def expected(self, chain: AuditChain, signer: Signer) -> str:
        """Give the id of the key that must go on: the last one, or whoever signed before keys were kept."""
        successions = await self.all()
        return successions[-1].key_id if successions else await self._signed_by_another(chain, signer)

    async def take_up(self, chain: AuditChain, signer: Signer, clock: Clock) -> None:
        """Make sure that this key is the one to go on with; raises AuditKeyChanged."""
        expected = await self.expected(chain, signer)
        if not expected:
            with contextlib.suppress(UniqueViolated):  # another process writes the same first key
                await self.succeed(clock, None, signer)
            expected = (await self.all())[-1].key_id
        await self.learn()
        if expected != signer.key_id:
            raise AuditKeyChanged(
                f"The audit was signed with the key {expected}, but audit.key is {signer.key_id}, perhaps "
                "made now because it was missing. Put audit.key back from its backup. If it is lost, run "
                "`mainstay audit rotate-key --lost`; if a rotation was interrupted, run it again."
            )

    async def _signed_by_another(self, chain: AuditChain, signer: Signer) -> str:
        async for tenant_id in chain.tenants():
            for newest in await chain.newest(tenant_id):
                if newest.key_id != signer.key_id:
                    return newest.key_id
        return ""

    async def succeed(self, clock: Clock, before: Signer | None, after: Signer) -> None:
        """Write down that a key follows the last one, signed by both; by itself alone when there is none."""
        known = await self.all()
        previous = (known[-1].key_id, known[-1].public_key) if known else ("", "")
        said = Succession(len(known) + 1, after.key_id, after.public_key, *previous, clock.now_ms())
        statement = said.statement()
        row: dict[str, Scalar] = {
            **vars(said),
            "by_previous": b"" if before is None else before.sign(statement),
            "by_itself": after.sign(statement),
        }
        async with self._database.unit(SYSTEM) as unit:
            await unit.insert("audit_keys", [row])
