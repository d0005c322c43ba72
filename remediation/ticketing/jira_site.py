"""Where a Jira is, how to sign in there, and whether a request could become an issue there."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from remediation.ticketing import wording
from remediation.ticketing.base import Connection, Field, Finding, Refused, TicketingError
from remediation.ticketing.http import Manners, Site

CLOUD, DATA_CENTER = "cloud", "datacenter"
MOST_PAGES = 20

FIELDS = (
    Field("flavour", "Kind of Jira", kind="choice", choices=((CLOUD, "Jira Cloud"), (DATA_CENTER, "Jira Data Center")), initial=CLOUD),
    Field("address", "Address", "https://your-name.atlassian.net, or the base address of a Data Center installation.", kind="address"),
    Field(
        "mail", "Mail address of the account", "Of the account that the API token belongs to. Jira Cloud only.", kind="mail", required=False
    ),
    Field("token", "Token", "Jira Cloud: an API token. Jira Data Center: a personal access token.", kind="secret"),
    Field("project", "Project key", "SEC, not the project's name."),
    Field("issue_type", "Issue type", "By its name in the project.", initial="Task"),
    Field("priority_high", "Priority for high", "As the project calls it; empty: none is sent.", required=False, initial="High"),
    Field("priority_medium", "Priority for medium", required=False, initial="Medium"),
    Field("priority_low", "Priority for low", required=False, initial="Low"),
    Field("labels", "Labels", "Further labels of every issue, with spaces between.", required=False, initial="tvm"),
    Field(
        "rejections",
        "Endings that mean rejected",
        "Resolutions or statuses, with commas between. Every other ending means completed.",
        required=False,
        initial="Won't Do, Won't Fix, Declined, Rejected, Cancelled, Canceled, Duplicate, Cannot Reproduce",
    ),
    Field(
        "extra",
        "Other fields",
        'Fields that the project demands, one a line: customfield_10010 = {"value": "Security"}.',
        kind="lines",
        required=False,
    ),
)

_FILLED = frozenset({"project", "issuetype", "summary", "description", "labels"})
_ADVICE = {
    401: "Check the token, and for Jira Cloud the mail address of its account.",
    403: "The account may not do this: give it the permissions that the guide lists. After failed sign-ins, sign in once in the browser.",
    404: "It is gone, or the account may not see it.",
    410: "This kind of Jira does not offer it: check the kind of Jira that is set.",
}
_PERMISSIONS = {
    "BROWSE_PROJECTS": "Browse Projects",
    "CREATE_ISSUES": "Create Issues",
    "ADD_COMMENTS": "Add Comments",
    "LINK_ISSUES": "Link Issues",
}


class _Blocked(Exception):
    """A step that did not work; those after it make no sense."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.detail)
        self.finding = finding


def site(connection: Connection) -> Site:
    """The API that the kind of Jira has, with the credentials. Raises Refused where they lack or cannot be sent."""
    data_center = connection["flavour"] == DATA_CENTER
    wording.demand(connection, FIELDS, "token", *(() if data_center else ("mail",)))
    token, mail = connection["token"].strip(), connection["mail"].strip()
    pair = base64.b64encode(f"{mail}:{token}".encode()).decode()
    return Site(
        connection,
        address=f"{connection['address'].strip().rstrip('/')}/rest/api/{2 if data_center else 3}",
        manners=Manners("Jira", _said, _ADVICE),
        headers={
            "Authorization": f"Bearer {token}" if data_center else f"Basic {pair}",
            "X-Atlassian-Token": "no-check",
        },
        hidden=(token, pair),
    )


def issue_path(external_id: str, part: str = "") -> str:
    return f"/issue/{quote(external_id, safe='')}{part}"


def labels(connection: Connection) -> list[str]:
    """Jira takes no spaces in a label."""
    return list(dict.fromkeys(re.split(r"[\s,]+", connection["labels"].strip()))) if connection["labels"].strip() else []


def test(connection: Connection) -> list[Finding]:
    """Every step up to the first without which the next make no sense."""
    try:
        with site(connection) as jira:
            return list(_findings(jira, connection))
    except TicketingError as error:
        return [Finding("Address and credentials", good=False, detail=str(error))]


def _findings(jira: Site, connection: Connection) -> Iterator[Finding]:
    try:
        yield from _steps(jira, connection)
    except _Blocked as blocked:
        yield blocked.finding


def _steps(jira: Site, connection: Connection) -> Iterator[Finding]:
    project, kind = connection["project"].strip(), connection["issue_type"].strip()
    yield _step("The address answers", lambda: jira.get("/serverInfo", also={401, 403}))
    yield _step("The account may sign in", lambda: jira.get("/myself"))
    yield _step(f"Project {project} is there", lambda: jira.get(f"/project/{quote(project, safe='')}"))
    missing = _missing(jira, project)
    yield Finding("Permissions in the project", good=not missing, detail=f"Grant the account: {', '.join(missing)}." if missing else "")
    types = {str(row.get("name")): str(row.get("id")) for row in _rows(jira, _meta(project), "issueTypes")}
    if kind not in types:
        names = ", ".join(sorted(types)) or "none that the account may make"
        raise _Blocked(Finding(f"Issue type {kind} can be made", good=False, detail=f"The project offers: {names}."))
    yield Finding(f"Issue type {kind} can be made", good=True)
    yield from _fields(_rows(jira, f"{_meta(project)}/{quote(types[kind], safe='')}", "fields"), connection)


def _fields(rows: list[Mapping[str, Any]], connection: Connection) -> Iterator[Finding]:
    """Fields of the create screen: those we fill have to be there, those it demands have to be filled."""
    there = {str(row.get("fieldId") or row.get("key")): row for row in rows}
    try:
        extra = wording.pairs(connection["extra"], what="Other fields")
    except Refused as error:
        yield Finding("Other fields can be read", good=False, detail=str(error))
        return
    lacking = [name for name in ("labels", "description", *extra) if there and name not in there]
    yield Finding(
        "Fields that are sent are on the screen",
        good=not lacking,
        detail=f"Add to the screen on which issues are made: {', '.join(lacking)}." if lacking else "",
    )
    demanded = [
        f"{row.get('name')} ({name})"
        for name, row in there.items()
        if row.get("required")
        and not row.get("hasDefaultValue")
        and name not in _FILLED
        and name not in extra
        and not _sent(name, connection)
    ]
    detail = f"Enter a value under Other fields for: {', '.join(demanded)}." if demanded else ""
    yield Finding("Fields that are demanded are filled", good=not demanded, detail=detail)


def _sent(name: str, connection: Connection) -> bool:
    """A due date is in most requests, but not in all."""
    return name == "priority" and all(connection[f"priority_{level}"].strip() for level in wording.PRIORITIES)


def _missing(jira: Site, project: str) -> list[str]:
    query: dict[str, str | int] = {"projectKey": project, "permissions": ",".join(_PERMISSIONS)}
    answer = _value("Permissions in the project", lambda: jira.get("/mypermissions", query))
    held = answer.get("permissions")
    held = held if isinstance(held, Mapping) else {}
    return [
        name for key, name in _PERMISSIONS.items() if not (isinstance(held.get(key), Mapping) and held[key].get("havePermission") is True)
    ]


def _rows(jira: Site, path: str, name: str) -> list[Mapping[str, Any]]:
    """All pages of create metadata: Cloud calls the list `issueTypes` or `fields`, Data Center `values`."""
    found: list[Mapping[str, Any]] = []
    for _ in range(MOST_PAGES):
        query: dict[str, str | int] = {"startAt": len(found), "maxResults": 50}
        answer = _value("What an issue needs can be read", lambda query=query: jira.get(path, query))  # type: ignore[misc]
        rows = answer.rows(name) or answer.rows("values")
        found += rows
        total = answer.get("total")
        if not rows or answer.get("isLast") is True or not isinstance(total, int) or len(found) >= total:
            break
    return found


def _meta(project: str) -> str:
    return f"/issue/createmeta/{quote(project, safe='')}/issuetypes"


def _step(step: str, call: Callable[[], Any]) -> Finding:
    _value(step, call)
    return Finding(step, good=True)


def _value(step: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except TicketingError as error:
        raise _Blocked(Finding(step, good=False, detail=str(error))) from error


def _said(body: Any) -> str:
    """errorMessages, and errors by field."""
    if not isinstance(body, Mapping):
        return ""
    messages = body.get("errorMessages")
    errors = body.get("errors")
    said = [str(message) for message in messages] if isinstance(messages, list) else []
    said += [f"{name}: {message}" for name, message in errors.items()] if isinstance(errors, Mapping) else []
    return " ".join(said) or str(body.get("message") or "")
