"""Microsoft's sign-in service and the parts of Microsoft Graph that Intune's security tasks need, on one address.

Enum values, names of properties and error bodies are those of the public documentation; what it leaves open is a switch here:
`takes_devices` (managedDevices inside a new task), `takes_conditions` ($filter and $orderby).
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.server import FakeServer, Reply, Said, Seen

WRITE, READ, DEVICES = "DeviceManagementApps.ReadWrite.All", "DeviceManagementApps.Read.All", "DeviceManagementManagedDevices.Read.All"
TASKS = "/beta/deviceAppManagement/deviceAppManagementTasks"
DEVICE_FIELDS = ("id", "azureADDeviceId", "deviceName", "lastSyncDateTime", "serialNumber", "operatingSystem")

Check = Callable[[Any], bool]


def _one_of(*names: str) -> Check:
    return lambda value: value in names


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _moment(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value) is not None


COMMON: dict[str, Check] = {
    **dict.fromkeys(("@odata.type", "displayName", "description", "creator", "creatorNotes", "assignedTo", "insights"), _text),
    "dueDateTime": _moment,
    "category": _one_of("unknown", "advancedThreatProtection"),
    "priority": _one_of("none", "high", "low"),
    "status": _one_of("unknown", "pending", "active", "completed", "rejected"),
    "managedDeviceCount": _count,
}
POLICIES = ("antivirus", "diskEncryption", "firewall", "endpointDetectionAndResponse", "attackSurfaceReduction", "accountProtection")
PROFILES = (
    *("antivirus", "windowsSecurity", "bitLocker", "fileVault", "firewall", "firewallRules", "endpointDetectionAndResponse"),
    *("deviceControl", "appAndBrowserIsolation", "exploitProtection", "webProtection", "applicationControl", "attackSurfaceReductionRules"),
    "accountProtection",
)
KINDS: dict[str, tuple[dict[str, Check], str]] = {
    "#microsoft.graph.appVulnerabilityTask": (
        {
            **dict.fromkeys(("appName", "appPublisher", "appVersion", "remediation"), _text),
            "mitigationType": _one_of("unknown", "update", "uninstall", "securityConfiguration"),
            "mobileAppCount": _count,
        },
        "#microsoft.graph.appVulnerabilityManagedDevice",
    ),
    "#microsoft.graph.securityConfigurationTask": (
        {
            "applicablePlatform": _one_of("unknown", "macOS", "windows10AndLater", "windows10AndWindowsServer"),
            "endpointSecurityPolicy": _one_of("unknown", *POLICIES),
            "endpointSecurityPolicyProfile": _one_of("unknown", *PROFILES),
            "intendedSettings": lambda value: isinstance(value, list) and all(_pair(item) for item in value),
        },
        "#microsoft.graph.vulnerableManagedDevice",
    ),
}


def _pair(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.keys() == {"@odata.type", "name", "value"}
        and item["@odata.type"] in ("microsoft.graph.keyValuePair", "#microsoft.graph.keyValuePair")
        and all(isinstance(item[name], str) for name in ("name", "value"))
    )


class GraphServer(FakeServer):
    def __init__(self, *, port: int = 0) -> None:
        super().__init__(port=port)
        self.tenant, self.client, self.secret = "contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", "s3cret-of-the-app"
        self.roles = {WRITE, DEVICES}
        self.token_seconds = 3599
        self.page_size = 1000
        self.takes_devices = True
        self.takes_conditions = True
        self.secret_expired = False
        self.next_host = ""  # where a next page is said to be
        self.tasks: dict[str, dict[str, Any]] = {}
        self.devices: list[dict[str, Any]] = []
        self._tokens: dict[str, float] = {}

    # The people on the other side.

    def add_device(self, name: str, *, directory_id: str = "", synced: str = "2026-11-20T08:00:00Z") -> dict[str, Any]:
        device = {
            "id": str(uuid.uuid4()),
            "azureADDeviceId": directory_id or str(uuid.uuid4()),
            "deviceName": name,
            "lastSyncDateTime": synced,
            "serialNumber": "",
            "operatingSystem": "Windows",
        }
        self.devices.append(device)
        return device

    def accept(self, task: str, note: str = "") -> None:
        self._set_status(task, "active", note)

    def reject(self, task: str, note: str = "") -> None:
        self._set_status(task, "rejected", note)

    def complete(self, task: str, note: str = "") -> None:
        self._set_status(task, "completed", note)

    def comment(self, task: str, note: str) -> None:
        self._set_status(task, self.tasks[task]["status"], note)

    def expire_tokens(self) -> None:
        with self.lock:
            self._tokens.clear()

    def _set_status(self, task: str, status: str, note: str) -> None:
        with self.lock:
            found = self.tasks[task]
            found["status"] = status
            if note:  # nobody documents where it is kept
                found["creatorNotes"] = f"{found.get('creatorNotes', '')}\n{note}".strip()

    # The service.

    def error(self, status: int) -> Any:
        code = {429: "TooManyRequests", 503: "ServiceUnavailable", 504: "GatewayTimeout"}.get(status, "InternalServerError")
        return _error(code, "An error has occurred.")

    def answer(self, seen: Seen) -> Reply:
        if seen.path.endswith("/oauth2/v2.0/token"):
            return self._sign_in(seen)
        if seen.path == "/v1.0/deviceManagement/managedDevices" and seen.method == "GET":
            self._authorise(seen, DEVICES)
            return self._list(seen, self.devices, DEVICE_FIELDS)
        if seen.path == TASKS or seen.path.startswith(f"{TASKS}/"):
            self._authorise(seen, *([WRITE, READ] if seen.method == "GET" else [WRITE]))
            return self._task(seen, seen.path[len(TASKS) + 1 :])
        return Reply(404, _error("ResourceNotFound", f"Resource not found for the segment '{seen.path}'."))

    def _sign_in(self, seen: Seen) -> Reply:
        form = seen.form()
        if seen.path != f"/{self.tenant}/oauth2/v2.0/token":
            return _sign_in_error(400, "invalid_request", 90002, "Tenant not found. Check to make sure you have the correct tenant ID.")
        if form.get("client_id") != self.client:
            return _sign_in_error(400, "unauthorized_client", 700016, "Application was not found in the directory.")
        if form.get("client_secret") != self.secret:
            return _sign_in_error(401, "invalid_client", 7000215, "Invalid client secret provided.")
        if self.secret_expired:
            return _sign_in_error(401, "invalid_client", 7000222, "The provided client secret keys are expired.")
        if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
            return _sign_in_error(400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
        claims = {"roles": sorted(self.roles), "jti": uuid.uuid4().hex}
        token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims, {}))
        self._tokens[token] = self.now() + self.token_seconds
        return Reply(200, {"token_type": "Bearer", "expires_in": self.token_seconds, "access_token": token})

    def _authorise(self, seen: Seen, *roles: str) -> None:
        kind, _, token = seen.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or self._tokens.get(token, 0) <= self.now():
            raise Said(Reply(401, _error("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")))
        if not self.roles & set(roles):
            said = f"Application must have one of the following scopes: {', '.join(roles)} - Operation ID (for customer support): 0000"
            packed = {
                "_version": 3,
                "Message": f"Application is not authorized to perform this operation. {said}",
                "ErrorCode": "Forbidden",
            }
            raise Said(Reply(403, _error("Forbidden", json.dumps(packed))))

    def _list(self, seen: Seen, rows: list[dict[str, Any]], fields: tuple[str, ...] = ()) -> Reply:
        start, size = int(seen.query.get("$skiptoken", 0)), min(self.page_size, int(seen.query.get("$top", self.page_size)))
        wanted = seen.query.get("$select", "").split(",") if "$select" in seen.query else list(fields)
        if unknown := [name for name in wanted if fields and name not in fields]:
            raise Said(Reply(400, _error("BadRequest", f"Could not find a property named '{unknown[0]}' on type 'managedDevice'.")))
        shown = [{name: row[name] for name in wanted if name in row} if fields else row for row in rows[start : start + size]]
        body: dict[str, Any] = {"@odata.context": f"{self.address}/$metadata", "value": shown}
        if start + size < len(rows):
            rest = "&".join(f"{name}={value}" for name, value in seen.query.items() if name != "$skiptoken").replace(" ", "%20")
            body["@odata.nextLink"] = f"{self.next_host or self.address}{seen.path}?{rest}&$skiptoken={start + size}"
        return Reply(200, body)

    def _task(self, seen: Seen, rest: str) -> Reply:
        if not rest:
            return self._list(seen, self._chosen(seen)) if seen.method == "GET" else self._create(seen)
        name, _, action = rest.partition("/")
        if name not in self.tasks:
            raise Said(Reply(404, _error("ResourceNotFound", f"The task '{name}' does not exist.")))
        if action == "updateStatus" and seen.method == "POST":
            body = _object(seen)
            if not body.keys() <= {"status", "note"} or not COMMON["status"](body.get("status")):
                raise Said(Reply(400, _error("BadRequest", "The value of 'status' is not valid.")))
            self._set_status(name, body["status"], str(body.get("note") or ""))
            return Reply(204)
        if action:
            raise Said(Reply(404, _error("ResourceNotFound", f"Resource not found for the segment '{action}'.")))
        if seen.method == "PATCH":
            self.tasks[name] |= self._checked(_object(seen), inline=False)
        elif seen.method == "DELETE":
            del self.tasks[name]
            return Reply(204)
        return Reply(200, _shown(self.tasks[name]))

    def _chosen(self, seen: Seen) -> list[dict[str, Any]]:
        rows = [_shown(task) for task in self.tasks.values()]
        if not self.takes_conditions and {"$filter", "$orderby"} & seen.query.keys():
            raise Said(Reply(400, _error("BadRequest", "Query option '$filter' is not allowed.")))
        if condition := seen.query.get("$filter"):
            fits = re.fullmatch(r"createdDateTime ge (\S+Z)", condition)
            if not fits:
                raise Said(Reply(400, _error("BadRequest", f"Invalid filter clause: {condition}")))
            rows = [row for row in rows if row["createdDateTime"] >= fits[1]]
        return sorted(rows, key=lambda row: row["createdDateTime"]) if seen.query.get("$orderby") == "createdDateTime" else rows

    def _create(self, seen: Seen) -> Reply:
        body = self._checked(_object(seen), inline=True)
        made = dt.datetime.fromtimestamp(self.now(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        task = {"id": str(uuid.uuid4()), "createdDateTime": made, "status": "pending", **body}
        self.tasks[task["id"]] = task
        return Reply(201, _shown(task))

    def _checked(self, body: dict[str, Any], *, inline: bool) -> dict[str, Any]:
        kind = body.get("@odata.type")
        if kind not in KINDS:
            raise Said(Reply(400, _error("BadRequest", f"Cannot create an abstract class: {kind}")))
        own, device = KINDS[kind]
        checks = COMMON | own
        for name, value in body.items():
            if name == "managedDevices" and inline:
                self._check_devices(value, device)
            elif name not in checks:
                raise Said(Reply(400, _error("BadRequest", f"The property '{name}' does not exist on type '{kind}'.")))
            elif not checks[name](value):
                raise Said(Reply(400, _error("BadRequest", f"Cannot convert the literal '{value}' of '{name}' to the expected type.")))
        if inline and (lacking := {"displayName", "category", "priority", "status"} - body.keys()):
            raise Said(Reply(400, _error("BadRequest", f"The property '{min(lacking)}' is required.")))
        return body

    def _check_devices(self, value: Any, kind: str) -> None:
        if not self.takes_devices:
            raise Said(Reply(400, _error("BadRequest", "The navigation property 'managedDevices' cannot be set when creating.")))
        fields = {"@odata.type", "id", "managedDeviceId", "displayName", "lastSyncDateTime"}
        known = {device["id"] for device in self.devices}
        for row in value if isinstance(value, list) else [None]:
            if not isinstance(row, dict) or not row.keys() <= fields or row.get("@odata.type") != kind:
                raise Said(Reply(400, _error("BadRequest", f"An entry of managedDevices is no {kind}.")))
            if row.get("managedDeviceId") not in known:
                raise Said(Reply(400, _error("BadRequest", f"No managed device '{row.get('managedDeviceId')}'.")))


def _object(seen: Seen) -> dict[str, Any]:
    try:
        body = seen.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or not seen.headers.get("content-type", "").startswith("application/json"):
        raise Said(Reply(400, _error("BadRequest", "Unable to read JSON request payload.")))
    return body


def _shown(task: Mapping[str, Any]) -> dict[str, Any]:
    """A navigation property is not part of an answer."""
    return {name: value for name, value in task.items() if name != "managedDevices"}


def _error(code: str, message: str) -> dict[str, Any]:
    inner = {"date": "2026-11-26T05:00:00", "request-id": str(uuid.uuid4()), "client-request-id": str(uuid.uuid4())}
    return {"error": {"code": code, "message": message, "innerError": inner}}


def _sign_in_error(status: int, error: str, code: int, text: str) -> Reply:
    described = f"AADSTS{code}: {text} Trace ID: {uuid.uuid4()} Correlation ID: {uuid.uuid4()} Timestamp: 2026-11-26 05:00:00Z"
    return Reply(status, {"error": error, "error_description": described, "error_codes": [code], "trace_id": str(uuid.uuid4())})
