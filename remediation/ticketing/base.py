"""What a ticket system is to the portal. Pure types: no Django, no clock, no database.

A system is a module below `remediation/ticketing` with one object that satisfies `System`. The outbox calls it: `find` before any
`create` that is not the first, so that a ticket is made once whatever happens in between.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

State = Literal["pending", "accepted", "rejected", "completed"]


class TicketingError(Exception):
    """A call did not end well; the text is a sentence for the people who see the delivery."""


class Refused(TicketingError):
    """Asking again would end the same: wrong credentials, a field that the other side does not take, a ticket that is gone."""


class Gone(Refused):
    """The other side wants no more of anything: its connection is switched off."""


class TryLater(TicketingError):
    """Nothing was done; it may work later. `wait`: seconds that the other side asks for."""

    def __init__(self, sentence: str, *, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


class Unsure(TryLater):
    """The answer did not arrive or made no sense: it may have been done. The next try looks first."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form that sets a connection up. A `secret` is kept encrypted and never shown again; `mails` are one a line.

    `generated`: the portal makes a good one (whsec_..., shown once), and keeps the one before it as `<name>_before` until it is forgotten.
    """

    name: str
    label: str
    help: str = ""
    kind: Literal["text", "address", "secret", "choice", "mail", "mails", "lines"] = "text"
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    initial: str = ""
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """A machine to be fixed. `directory_id`: its Entra id, where inventory knows it."""

    machine_id: int
    name: str
    group: str
    system: str
    directory_id: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """An activity in the words of a ticket.

    `key`: the same for every try of this ticket, and what `find` looks for. `kind`: update, upgrade, uninstall, configuration, attention.
    `devices`: those that are sent, at most what the system takes, of `device_total`. `address`: the activity in the portal.
    """

    key: str
    activity: str
    title: str
    description: str
    steps: tuple[str, ...]
    kind: str
    product: str
    publisher: str
    version: str
    priority: Literal["high", "medium", "low"]
    due_on: dt.date | None
    notes: str
    requested_by: str
    requested_at: dt.datetime
    weaknesses: int
    devices: Sequence[Device]
    device_total: int
    address: str
    settings_asked: tuple[tuple[str, str], ...] = ()  # of a configuration change: name, value

    @property
    def is_cut(self) -> bool:
        return len(self.devices) < self.device_total

    @property
    def reach(self) -> str:
        """5 machines; 10,000 of 12,345 machines."""
        if self.is_cut:
            return f"{len(self.devices):,} of {self.device_total:,} machines"
        return f"{self.device_total:,} machine{'' if self.device_total == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Made:
    """A ticket on the other side. `url`: where people open it, if anywhere."""

    external_id: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a ticket stands there. `notes`: what was said on the other side, for the portal's people. `said`: its own word for the state."""

    state: State
    notes: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a test: what was tried, whether it worked, and what to do if not."""

    step: str
    good: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """What was set for a system, secrets in the clear. `allow_private`: addresses inside the own network may be called."""

    values: Mapping[str, str] = field(default_factory=dict)
    allow_private: bool = False

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


class System(Protocol):
    """A ticket system. Every call may raise Refused, TryLater or Unsure, and nothing else; none tries again by itself."""

    key: str
    label: str
    about: str
    fields: tuple[Field, ...]
    most_devices: int | None  # that a ticket may name
    reads_back: bool  # whether `read` says anything
    look_up_after: float  # seconds after an uncertain `create` until a `find` that finds nothing may be believed

    def test(self, connection: Connection) -> list[Finding]:
        """What would be needed, tried without making a ticket; never raises."""
        ...

    def find(self, connection: Connection, request: Request) -> Made | None:
        """The ticket that an earlier try made, if it did."""
        ...

    def create(self, connection: Connection, request: Request) -> Made: ...

    def read(self, connection: Connection, external_id: str) -> Reading: ...

    def tell(self, connection: Connection, external_id: str, *, key: str, event: str, note: str) -> None:
        """Something happened on our side (`event`: completed, reopened, noted); may be told twice under the same key."""
        ...
