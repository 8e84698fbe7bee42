"""Which services run in this process, and where the others are."""

import importlib
from collections.abc import Mapping
from typing import NoReturn, Protocol, cast

from mainstay.app.services import Service, all_services
from mainstay.app.settings import Settings
from mainstay.app.wiring import asked_by
from mainstay.kernel.admission import Admission
from mainstay.kernel.interface import Interface
from mainstay.kernel.recognising import Recogniser, Standing
from mainstay.kernel.roster import Roster


class SettingsContradict(ValueError):
    """A setting cannot hold, by itself or beside another."""


class Others(Protocol):
    """The services of other processes."""

    def stand_in(self, interface: type[Interface]) -> Interface:
        """Give what leads to a service there; raises SettingsContradict."""
        ...

    def recogniser(self) -> Recogniser:
        """Give who recognises callers there; raises SettingsContradict."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class Nobody:
    """No other process."""

    def stand_in(self, interface: type[Interface]) -> Interface:
        """Refuse."""
        nowhere(interface.service)

    def recogniser(self) -> Recogniser:
        """Refuse."""
        nowhere("identity")

    async def close(self) -> None:
        """Have nothing to close."""


class NotHere:
    """Stands where an engine would, in a process none of whose services asks for it."""

    async def close(self) -> None:
        """Have nothing to give back."""


def nowhere(service: str) -> NoReturn:
    """Say that nobody told where a service is."""
    raise SettingsContradict(
        f"{service} does not run here (--only), so MAINSTAY_REMOTES must say where it is."
    )


def others(urls: Mapping[str, str]) -> Others:
    """Give the services of other processes; the HTTP client is imported only where there are any."""
    if not urls:
        return Nobody()
    return cast("Others", importlib.import_module("mainstay.app.elsewhere").Elsewhere(urls))


def chosen_services(settings: Settings) -> list[Service]:
    """Give the services that run in this process; raises SettingsContradict."""
    services = all_services()
    names = {service.name for service in services}
    unknown = [name for name in (*settings.only, *settings.remotes) if name not in names]
    if unknown:
        raise SettingsContradict(
            f"There is no service {', '.join(unknown)}; there are {', '.join(sorted(names))}."
        )
    chosen = [service for service in services if not settings.only or service.name in settings.only]
    apart = [
        service.name for service in chosen if asked_by(service.implementation) & {Standing, Admission, Roster}
    ]
    if apart and "identity" not in {service.name for service in chosen}:
        raise SettingsContradict(f"{', '.join(apart)} runs where identity runs: name it in --only too.")
    both = [service.name for service in chosen if service.name in settings.remotes]
    if both:
        raise SettingsContradict(f"{', '.join(both)}: either runs here or is remote, not both.")
    return chosen
