"""Microsoft Graph as an application: the clouds, the token, its errors, its pages, and the devices that Intune knows."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from remediation.ticketing import tokens
from remediation.ticketing.base import Connection, Device, Field, Refused, TryLater
from remediation.ticketing.http import Manners, Site

MOST_PAGES = 2_000  # of a list: a server that goes round in circles ends there
LONGEST = 360.0  # seconds for all pages: an attempt has to end while it is held by its worker
_NO_DEVICE = "00000000-0000-0000-0000-000000000000"
_DEVICES = "/v1.0/deviceManagement/managedDevices"


@dataclass(frozen=True, slots=True)
class Cloud:
    label: str
    login: str
    graph: str
    centre: str  # where people see the tasks


CLOUDS = {
    "global": Cloud("Worldwide", "https://login.microsoftonline.com", "https://graph.microsoft.com", "https://intune.microsoft.com"),
    "usgov": Cloud(
        "US Government (L4, GCC High)", "https://login.microsoftonline.us", "https://graph.microsoft.us", "https://intune.microsoft.us"
    ),
    "dod": Cloud(
        "US Government (L5, DoD)", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "https://intune.microsoft.us"
    ),
    "china": Cloud(
        "China (21Vianet)",
        "https://login.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://intune.microsoftonline.cn",
    ),
}

FIELDS = (
    Field(
        "cloud",
        "Cloud",
        "Where the tenant is.",
        kind="choice",
        choices=tuple((key, cloud.label) for key, cloud in CLOUDS.items()),
        initial="global",
    ),
    Field("tenant", "Directory (tenant) id", "On the overview page of the app registration in Entra."),
    Field("client", "Application (client) id", "On the same page."),
    Field("secret", "Client secret", "The value of the secret, not its id. It is shown once, when it is made.", kind="secret"),
    Field(
        "gateway",
        "Address of a gateway to Graph",
        "Only where calls to Graph have to go through a server of your own; empty: the cloud's address.",
        kind="address",
        required=False,
    ),
    Field(
        "login",
        "Address of a gateway to sign-in",
        "The same for the sign-in service; empty: the cloud's address.",
        kind="address",
        required=False,
    ),
)

_ADVICE = {
    401: "Check the application (client) id and the client secret, and that the secret has not expired.",
    403: "Grant the application the permissions that the guide lists and give admin consent.",
    404: "It may have been deleted there.",
}
_SIGN_IN_ADVICE = {
    7000215: "The client secret is wrong: enter the secret's value, not its id.",
    7000222: "The client secret has expired: make a new one in Entra and enter it.",
    700016: "The application (client) id is not known in this tenant: compare it with the app registration.",
    90002: "The tenant is not known: compare the directory (tenant) id, and the cloud.",
    900023: "The tenant is not known: compare the directory (tenant) id, and the cloud.",
}


@dataclass(frozen=True, slots=True)
class Managed:
    """A device in Intune. `directory_id`: its Entra id, empty where it has none."""

    id: str
    directory_id: str
    name: str
    synced: str


def cloud(connection: Connection) -> Cloud:
    return CLOUDS.get(connection["cloud"] or "global", CLOUDS["global"])


def site(connection: Connection) -> Site:
    """Graph, signed in: nothing is sent before the first call."""
    return Site(
        connection,
        address=connection["gateway"] or cloud(connection).graph,
        manners=Manners("Microsoft Graph", _said, _ADVICE),
        hidden=(connection["secret"],),
        bearer=lambda refused: token(connection, fresh=refused),
    )


def token(connection: Connection, *, fresh: bool = False) -> str:
    """Raises Refused where the application may not sign in."""
    login = (connection["login"] or cloud(connection).login).strip().rstrip("/")
    parts = (login, connection["gateway"], connection["cloud"], connection["tenant"], connection["client"], connection["secret"])
    return tokens.token(tokens.key("graph", *parts), lambda: _sign_in(connection, login), fresh=fresh)


def roles(bearer: str) -> frozenset[str] | None:
    """The application permissions that a token carries; None where it does not show them. Only good for a hint: Graph decides."""
    try:
        part = bearer.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return None
    named = claims.get("roles", []) if isinstance(claims, dict) else None
    return frozenset(map(str, named)) if isinstance(named, list) else None


def pages(graph: Site, path: str, params: Mapping[str, str | int]) -> Iterator[Mapping[str, Any]]:
    """The rows of all pages. Raises TryLater for a next page on another host: the token is not for it."""
    ends = time.monotonic() + LONGEST
    answer = graph.get(path, params)
    for _ in range(MOST_PAGES):
        yield from graph.rows(answer, "value")
        following = answer.get("@odata.nextLink")
        if not following:
            return
        if _origin(str(following)) != _origin(graph.address):
            raise TryLater(
                f"Microsoft Graph names a next page on another server ({urlsplit(str(following)).netloc}), which is not followed."
            )
        if time.monotonic() > ends:
            raise TryLater(f"Microsoft Graph needs more than {LONGEST:.0f} seconds for {path}.")
        answer = graph.get(str(following))
    raise TryLater(f"Microsoft Graph has more than {MOST_PAGES:,} pages, or goes round in circles.")


def managed(graph: Site, devices: Sequence[Device]) -> dict[int, Managed]:
    """Our machine id -> the device in Intune: by Entra id where it is known, else by name; of several the one that synchronised last.

    A name without its domain stands for one with a domain where only one of the machines is called so.
    """
    by_directory = {device.directory_id.casefold(): device.machine_id for device in devices if device.directory_id}
    unknown = [device for device in devices if not device.directory_id]
    whole: dict[str, list[int]] = {}
    for device in unknown:
        whole.setdefault(device.name.casefold(), []).append(device.machine_id)
    called = Counter(_short(device.name) for device in devices)
    short = {_short(device.name): [device.machine_id] for device in unknown if called[_short(device.name)] == 1}
    found: dict[int, Managed] = {}
    select: dict[str, str | int] = {"$select": "id,azureADDeviceId,deviceName,lastSyncDateTime"}
    for row in pages(graph, _DEVICES, select):
        candidate = _managed(row)
        name = candidate.name.casefold()
        named = whole.get(name) or (whole if "." in name else short).get(_short(name), [])
        owner = by_directory.get(candidate.directory_id.casefold()) if candidate.directory_id else None
        for machine in named if owner is None else [owner]:
            if candidate.id and (machine not in found or found[machine].synced < candidate.synced):
                found[machine] = candidate
    return found


def may_read_devices(graph: Site) -> None:
    """Raises what keeps the devices from being read."""
    graph.get(_DEVICES, {"$select": "id", "$top": 1})


def _sign_in(connection: Connection, login: str) -> tuple[str, float]:
    form = {
        "grant_type": "client_credentials",
        "client_id": connection["client"],
        "client_secret": connection["secret"],
        "scope": f"{cloud(connection).graph}/.default",
    }
    manners = Manners("The sign-in service of Microsoft", _said_by_sign_in, {401: _ADVICE[401]})
    with Site(connection, address=login, manners=manners, hidden=(connection["secret"],)) as service:
        answer = service.call("POST", f"/{quote(connection['tenant'].strip(), safe='')}/oauth2/v2.0/token", form=form)
    found = tokens.read(answer)
    if found is None:
        raise Refused(f"The sign-in service at {login} gave no token: is that its address?")
    return found


def _said(body: Any) -> str:
    """error.message; Intune packs a document of its own into it, whose Message is what is meant."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return str(error or "")
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    try:
        packed = json.loads(message)
        message = str(packed["Message"]).partition(" - Operation ID")[0]
    except (ValueError, KeyError, TypeError):
        pass
    return f"{code}: {message}" if code and message else code or message


def _said_by_sign_in(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    codes = body.get("error_codes")
    for code in codes if isinstance(codes, list) else []:
        if code in _SIGN_IN_ADVICE:
            return _SIGN_IN_ADVICE[code]
    return str(body.get("error_description") or body.get("error") or "").partition("Trace ID")[0]


def _managed(row: Mapping[str, Any]) -> Managed:
    directory = str(row.get("azureADDeviceId") or "")
    return Managed(
        id=str(row.get("id") or ""),
        directory_id="" if directory == _NO_DEVICE else directory,
        name=str(row.get("deviceName") or ""),
        synced=str(row.get("lastSyncDateTime") or ""),
    )


def _short(name: str) -> str:
    return name.casefold().partition(".")[0]


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
