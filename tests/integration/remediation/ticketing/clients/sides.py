"""The systems side by side: a client, the server it talks to, and what the people there do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from remediation.ticketing.base import Connection, Device, Request, System
from remediation.ticketing.intune import INTUNE
from remediation.ticketing.jira import JIRA
from remediation.ticketing.servicenow import SERVICENOW
from tests.fakes.graph_server import TASKS, GraphServer
from tests.fakes.jira_server import JiraServer
from tests.fakes.server import FakeServer
from tests.fakes.servicenow_server import ServiceNowServer

NAMES = ("intune", "jira-cloud", "jira-datacenter", "servicenow", "servicenow-oauth")
ASKED_AT = dt.datetime.now(dt.UTC).replace(microsecond=0)

REQUEST = Request(
    key="0b5f8a52-6f0e-4c3e-9d8b-5a0c1f2e3d4c",
    activity="7d0e4f6a-1111-4222-8333-abcdefabcdef",
    title="Update Google Chrome",
    description="Chrome on 3 machines has 38 known weaknesses.",
    steps=("Bring Chrome on Windows to 131.0.6778.85 or later.", "Machines count as done once they report that version."),
    kind="update",
    product="chrome",
    publisher="google",
    version="131.0.6778.85",
    priority="medium",
    due_on=dt.date(2026, 12, 1),
    notes="After the freeze, please.",
    requested_by="jo@contoso.example",
    requested_at=ASKED_AT,
    weaknesses=38,
    devices=tuple(Device(number, name, "Default", "Windows 11") for number, name in enumerate(("pc1", "pc2", "pc3"), 1)),
    device_total=3,
    address="https://tvm.contoso.example/remediation/7d0e4f6a-1111-4222-8333-abcdefabcdef/",
)


@dataclass
class Side:
    """`making`: the request that makes a ticket; `signing_in`: the one that fetches a token, if any."""

    name: str
    system: System
    server: Any
    connection: Connection
    making: str
    telling: str
    tickets: Callable[[], list[Any]]
    accept: Callable[[str, str], None]
    reject: Callable[[str, str], None]
    complete: Callable[[str, str], None]
    comment: Callable[[str, str], None]
    text: Callable[[str], str]  # everything that was told about a ticket

    def set(self, **values: str) -> Connection:
        return replace(self.connection, values={**self.connection.values, **values})


def initial(system: System) -> dict[str, str]:
    """What the form starts with."""
    return {field.name: field.initial for field in system.fields}


@contextmanager
def side(name: str) -> Iterator[Side]:
    made = {"intune": _intune, "jira": _jira, "servicenow": _servicenow}[name.partition("-")[0]](name)
    server: FakeServer = made.server
    with server:
        yield made


def _intune(name: str) -> Side:
    server = GraphServer()
    for device in REQUEST.devices:
        server.add_device(device.name.upper())
    values = {"tenant": server.tenant, "client": server.client, "secret": server.secret, "gateway": server.address, "login": server.address}
    return Side(
        name=name,
        system=INTUNE,
        server=server,
        connection=Connection(initial(INTUNE) | values, allow_private=True),
        making=f"POST {TASKS}",
        telling="PATCH ",
        tickets=lambda: list(server.tasks),
        accept=server.accept,
        reject=server.reject,
        complete=server.complete,
        comment=server.comment,
        text=lambda ticket: str(server.tasks[ticket]["creatorNotes"]),
    )


def _jira(name: str) -> Side:
    flavour = name.partition("-")[2]
    server = JiraServer(flavour)
    values = {"flavour": flavour, "address": server.address, "mail": server.mail, "token": server.token, "project": "SEC"}
    return Side(
        name=name,
        system=JIRA,
        server=server,
        connection=Connection(initial(JIRA) | values, allow_private=True),
        making=f"POST {server.api}/issue",
        telling="/comment",
        tickets=lambda: list(server.issues),
        accept=server.accept,
        reject=server.reject,
        complete=server.complete,
        comment=server.comment,
        text=lambda ticket: "\n".join(str(comment["body"]) for comment in server.issues[ticket]["comments"]),
    )


def _servicenow(name: str) -> Side:
    server = ServiceNowServer()
    values = {"address": server.address, "user": server.user, "password": server.password}
    if name.endswith("oauth"):
        values = {"address": server.address, "sign_in": "client_credentials"}
        values |= {"client_id": server.client_id, "client_secret": server.client_secret}
    return Side(
        name=name,
        system=SERVICENOW,
        server=server,
        connection=Connection(initial(SERVICENOW) | values, allow_private=True),
        making="POST /api/now/table/incident",
        telling="PATCH ",
        tickets=lambda: [record["number"] for record in server.records["incident"].values()],
        accept=lambda ticket, note: server.accept("incident", ticket, note),
        reject=lambda ticket, note: server.reject("incident", ticket, note),
        complete=lambda ticket, note: server.complete("incident", ticket, note),
        comment=server.comment,
        text=lambda ticket: "\n".join(text for _, _, text in server.journal.get(server.record(ticket)["sys_id"], [])),
    )
