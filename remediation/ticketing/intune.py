"""Microsoft Intune: a request becomes a security task, through the beta of Microsoft Graph (v1.0 does not have these tasks).

Their documentation names neither where the managed devices are added nor where an administrator's note is kept. The devices go along in the
task itself, or, where that is refused, by name in its notes; a note is looked for in the task's `note` and behind our own `creatorNotes`.
What we tell is added to `creatorNotes`: the status of a task belongs to the people in Intune and is never changed from here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from remediation.ticketing import graph, wording
from remediation.ticketing.base import Connection, Device, Field, Finding, Made, Reading, Refused, Request, State, TicketingError, Unsure
from remediation.ticketing.http import Site

MOST_DEVICES = 10_000
MOST_NOTES = 3_000  # characters that a task is made with; what is told is added
MOST_TOLD = 500
MOST_NAMED = 20  # machines that are named one by one in a sentence
_TASKS = "/beta/deviceAppManagement/deviceAppManagementTasks"
_VULNERABLE_APP = "#microsoft.graph.appVulnerabilityTask"
_CONFIGURATION = "#microsoft.graph.securityConfigurationTask"
_MITIGATIONS = {"update": "update", "upgrade": "update", "uninstall": "uninstall"}
_PRIORITIES = {"high": "high", "medium": "low", "low": "low"}  # Graph knows none, high and low
_STATES: dict[str, tuple[State, str]] = {
    "pending": ("pending", "Pending"),
    "active": ("accepted", "Accepted"),
    "rejected": ("rejected", "Rejected"),
    "completed": ("completed", "Completed"),
}
_KEY = "TVM Portal key: "
_WRITE = "Grant the application permission DeviceManagementApps.ReadWrite.All and give admin consent."
_DEVICES = "Grant the application permission DeviceManagementManagedDevices.Read.All and give admin consent."


class Intune:
    key: str = "intune"
    label: str = "Microsoft Intune"
    about: str = "Requests become security tasks in the Intune admin centre, with the devices that Intune manages."
    fields: tuple[Field, ...] = graph.FIELDS
    most_devices: int | None = MOST_DEVICES
    reads_back: bool = True
    look_up_after: float = 10.0

    def test(self, connection: Connection) -> list[Finding]:
        try:
            bearer = graph.token(connection, fresh=True)
        except TicketingError as error:
            return [Finding("Sign in", good=False, detail=str(error))]
        with graph.site(connection) as site:
            return [
                Finding("Sign in", good=True),
                _tried("Security tasks can be read", _WRITE, lambda: site.get(_TASKS, {"$top": 1})),
                _allowed("Security tasks can be made", _WRITE, bearer, "DeviceManagementApps.ReadWrite.All"),
                _tried("Devices can be read", _DEVICES, lambda: graph.may_read_devices(site)),
            ]

    def find(self, connection: Connection, request: Request) -> Made | None:
        mark = _KEY + wording.marker(request.key)
        with graph.site(connection) as site:
            found = [task for task in _tasks(site, since=request.requested_at) if mark in str(task.get("creatorNotes") or "").splitlines()]
        first = min(found, key=lambda task: (str(task.get("createdDateTime") or "~"), str(task.get("id"))), default=None)
        return _made(connection, first) if first else None

    def create(self, connection: Connection, request: Request) -> Made:
        with graph.site(connection) as site:
            known = graph.managed(site, request.devices[:MOST_DEVICES])
            if request.devices and not known:
                raise Refused(
                    f"None of the {request.reach} is in Intune ({wording.named(request.devices, most=3)}): ask in another system."
                )
            body = task_of(request, known)
            answer = site.call("POST", _TASKS, body=body, changes=True, also={400})
            if answer.status == 400 and "manageddevices" in str(answer.body).casefold():
                body.pop("managedDevices")
                body["creatorNotes"] = _notes(request, known, by_name=True)
                answer = site.call("POST", _TASKS, body=body, changes=True, also={400})
            if answer.status == 400:
                raise site.refusal(answer)
        if not answer.get("id"):
            raise Unsure("Microsoft Graph took the task but did not name it. It may have been done.")
        return _made(connection, answer.body)

    def read(self, connection: Connection, external_id: str) -> Reading:
        with graph.site(connection) as site:
            task = site.get(_path(external_id)).body
        task = task if isinstance(task, Mapping) else {}
        state, said = _STATES.get(str(task.get("status")), ("pending", str(task.get("status") or "")))
        return Reading(state=state, said=said, notes=_said_there(task))

    def tell(self, connection: Connection, external_id: str, *, key: str, event: str, note: str) -> None:
        with graph.site(connection) as site:
            task = site.get(_path(external_id))
            notes = str(task.get("creatorNotes") or "")
            if wording.told(key, notes):
                return
            added = wording.line(wording.telling(key, event, note, most=MOST_TOLD))
            kind = str(task.get("@odata.type") or _VULNERABLE_APP)
            site.call("PATCH", _path(external_id), body={"@odata.type": kind, "creatorNotes": f"{notes}\n{added}".strip()}, changes=True)


INTUNE = Intune()


def task_of(request: Request, known: Mapping[int, graph.Managed]) -> dict[str, Any]:
    """The task as Graph takes it. `known`: our machine id -> the device in Intune."""
    sent = list({device.id: device for device in known.values()}.values())[:MOST_DEVICES]
    common: dict[str, Any] = {
        "displayName": wording.cut(wording.line(request.title), 255),
        "description": wording.cut(request.description, 4_000),
        "category": "advancedThreatProtection",
        "priority": _PRIORITIES[request.priority],
        "creator": request.requested_by,
        "creatorNotes": _notes(request, known, by_name=False),
        "status": "pending",
        "insights": _insights(request, len(sent)),
        "managedDeviceCount": len(sent),
    }
    if request.due_on:
        common["dueDateTime"] = f"{request.due_on.isoformat()}T00:00:00Z"
    if request.kind == "configuration":
        return {
            "@odata.type": _CONFIGURATION,
            **common,
            "description": wording.cut("\n".join((request.description, *request.steps)).strip(), 4_000),
            **_configuration(request),
            "managedDevices": [_device(device, "vulnerable") for device in sent],
        }
    return {
        "@odata.type": _VULNERABLE_APP,
        **common,
        "appName": request.product,
        "appPublisher": request.publisher,
        "appVersion": request.version,
        "mitigationType": _MITIGATIONS.get(request.kind, "unknown"),
        "mobileAppCount": 0,
        "remediation": wording.cut("\n".join(request.steps), 4_000),
        "managedDevices": [_device(device, "appVulnerability") for device in sent],
    }


def _configuration(request: Request) -> dict[str, Any]:
    """Which of Intune's own policies a setting belongs to is not known here: a person says so."""
    return {
        "applicablePlatform": _platform(request.devices),
        "endpointSecurityPolicy": "unknown",
        "endpointSecurityPolicyProfile": "unknown",
        "intendedSettings": [
            {"@odata.type": "microsoft.graph.keyValuePair", "name": name, "value": value} for name, value in request.settings_asked
        ],
    }


def _platform(devices: Sequence[Device]) -> str:
    systems = {_family(device.system.casefold()) for device in devices}
    return systems.pop() if len(systems) == 1 else "unknown"


def _family(system: str) -> str:
    if "mac" in system:
        return "macOS"
    if "windows" in system and "server" in system:
        return "windows10AndWindowsServer"
    return "windows10AndLater" if "windows" in system else "unknown"


def _device(device: graph.Managed, kind: str) -> dict[str, str]:
    """`id` is the device's Entra id: one that is only enrolled has none."""
    facts = {
        "@odata.type": f"#microsoft.graph.{kind}ManagedDevice",
        "id": device.directory_id,
        "managedDeviceId": device.id,
        "displayName": device.name,
        "lastSyncDateTime": device.synced,
    }
    return {name: value for name, value in facts.items() if value}


def _insights(request: Request, sent: int) -> str:
    weaknesses = f"{request.weaknesses:,} weakness{'' if request.weaknesses == 1 else 'es'}"
    if not request.device_total:
        return weaknesses
    machines = f"{request.device_total:,} exposed machine{'' if request.device_total == 1 else 's'}"
    return f"{weaknesses}, {machines}" + ("" if sent == request.device_total else f"; {sent:,} of {request.device_total:,} are listed here")


def _notes(request: Request, known: Mapping[int, graph.Managed], *, by_name: bool) -> str:
    """What the task says beside its fields; the last line is what `find` looks for."""
    missing = [device for device in request.devices if device.machine_id not in known]
    there = [device for device in request.devices if device.machine_id in known]
    lines = [
        request.notes.strip(),
        f"Priority in TVM Portal: {wording.PRIORITIES[request.priority]}.",
        f"Sent: {request.reach}." if request.is_cut else "",
        f"{_machines_are(len(missing))} not in Intune: {wording.named(missing, most=MOST_NAMED)}." if missing else "",
        f"Machines: {wording.named(there, most=100)}." if by_name else "",
        f"In TVM Portal: {request.address}",
    ]
    end = _KEY + wording.marker(request.key)
    written = [wording.cut(text, MOST_NOTES // 2) for text in lines if text]
    return f"{wording.cut(chr(10).join(written), MOST_NOTES - len(end) - 1)}\n{end}"


def _machines_are(count: int) -> str:
    return f"{count:,} machine is" if count == 1 else f"{count:,} machines are"


def _said_there(task: Mapping[str, Any]) -> str:
    """An administrator's words: the task's `note`, if Graph gives one, and what stands behind our own notes."""
    _, mark, behind = str(task.get("creatorNotes") or "").partition(_KEY)
    rows = behind.splitlines()[1:] if mark else []
    said = [str(task.get("note") or ""), *(row for row in rows if not wording.ours(row))]
    return "\n".join(dict.fromkeys(text.strip() for text in said if text.strip()))


def _tasks(site: Site, *, since: dt.datetime) -> Iterator[Mapping[str, Any]]:
    """Tasks made from a day before `since` (clocks differ), where Graph takes the condition; else all."""
    moment = (since - dt.timedelta(days=1)).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        yield from graph.pages(site, _TASKS, {"$filter": f"createdDateTime ge {moment}", "$orderby": "createdDateTime"})
    except Refused:
        yield from graph.pages(site, _TASKS, {})


def _made(connection: Connection, task: Mapping[str, Any]) -> Made:
    centre = graph.cloud(connection).centre
    return Made(external_id=str(task["id"]), url=f"{centre}/#view/Microsoft_Intune_Workflows/SecurityManagementMenu/~/overview")


def _path(external_id: str) -> str:
    return f"{_TASKS}/{quote(external_id, safe='')}"


def _tried(step: str, grant: str, call: Callable[[], object]) -> Finding:
    try:
        call()
    except Refused as error:
        return Finding(step, good=False, detail=f"{grant} {error}")
    except TicketingError as error:
        return Finding(step, good=False, detail=str(error))
    return Finding(step, good=True)


def _allowed(step: str, grant: str, bearer: str, role: str) -> Finding:
    granted = graph.roles(bearer)
    if granted is None:
        return Finding(step, good=True, detail="The token does not show its permissions: the first request will tell.")
    return Finding(step, good=role in granted, detail="" if role in granted else grant)
