"""A house to try families of incidents on: with a furnished tenant, and keys of each role."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from makers import ADMIN_KEY
from transports.permitted import KEYS
from transports.real_house import Answer, Request, Running, bearer, running
from transports.worlds import World, furnished

BASES = ("/v1", "/api/v1")


@dataclass
class Home:
    """A house with a furnished tenant, and keys of each role in it that belong to no group."""

    running: Running
    world: World
    keys: Mapping[str, str]

    def attacker(self, mark: str) -> str:
        """Make another tenant; give its administrator's key."""
        call = self.running.call
        tenant = call("identity.create_tenant", name=f"stranger {mark}")
        made = call("identity.create_tenant_key", tenant_id=tenant["tenant_id"], name="admin", role="admin")
        return str(made["key"])

    def ask(self, request: Request, key: str = "", *more: tuple[str, str]) -> Answer:
        """Ask with a key."""
        given = [bearer(key)] if key else []
        return self.running.ask(
            request.method, request.target, [*request.headers, *given, *more], request.body
        )


@contextmanager
def home_in(folder: Path) -> Iterator[Home]:
    """Open a home, with a key of each role that belongs to no group."""
    with running(folder) as opened:
        world = furnished(opened, ADMIN_KEY, opened.call("identity.whoami")["tenant_id"])
        keys = {role: world.call("identity.create_key", name=role, role=role)["key"] for role in KEYS}
        opened.calm()
        yield Home(opened, world, keys)
