"""ServiceNow, through its Table API: a request becomes an incident, a catalog task or a change request, found again by `correlation_id`.

Dates and numbers are sent as stored (UTC, values), never as shown: what is shown depends on the account's time zone and format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import quote

from remediation.ticketing import servicenow_site, wording
from remediation.ticketing.base import Connection, Field, Finding, Made, Reading, Refused, Request, State, Unsure
from remediation.ticketing.http import Site
from remediation.ticketing.servicenow_site import escaped, table, table_path

MOST_SUMMARY = 160  # characters of short_description
MOST_TEXT = 3_900  # of the 4,000 of description
MOST_NOTE = 3_000
DEFAULT_STATES: dict[str, dict[str, State]] = {
    "incident": {"1": "pending", "2": "accepted", "3": "accepted", "6": "completed", "7": "completed", "8": "rejected"},
    "sc_task": {"-5": "pending", "1": "pending", "2": "accepted", "3": "completed", "4": "rejected", "7": "rejected"},
    "change_request": {
        "-5": "pending",
        "-4": "pending",
        "-3": "pending",
        "-2": "accepted",
        "-1": "accepted",
        "0": "accepted",
        "3": "completed",
        "4": "rejected",
    },
}
_ENTRY = re.compile(r"^\S*\d\S*.* - .+ \(.+\)$")  # how a journal heads an entry: 2026-12-01 08:30:00 - Jo Hill (Work notes)


class ServiceNow:
    key: str = "servicenow"
    label: str = "ServiceNow"
    about: str = "Requests become incidents, catalog tasks or change requests."
    fields: tuple[Field, ...] = servicenow_site.FIELDS
    most_devices: int | None = 100
    reads_back: bool = True
    look_up_after: float = 5.0

    def test(self, connection: Connection) -> list[Finding]:
        return servicenow_site.test(connection)

    def find(self, connection: Connection, request: Request) -> Made | None:
        query: dict[str, str | int] = {
            "sysparm_query": f"correlation_id={escaped(request.key)}^ORDERBYsys_created_on",
            "sysparm_fields": "sys_id,number,correlation_id",
            "sysparm_limit": 5,
        }
        with servicenow_site.site(connection) as site:
            rows = servicenow_site.rows(site, table_path(connection), query)
        # An instance leaves a condition out where the account may not use the field, and answers with any record.
        first = next((row for row in rows if _plain(row, "correlation_id") == request.key), None)
        return _made(connection, first) if first else None

    def create(self, connection: Connection, request: Request) -> Made:
        with servicenow_site.site(connection) as site:
            body = record_of(connection, request, group=servicenow_site.group(site, connection))
            fields = "sys_id,number,correlation_id"
            answer = site.call("POST", table_path(connection), params={"sysparm_fields": fields}, body=body, changes=True)
        made = answer.get("result")
        if not isinstance(made, Mapping) or not made.get("sys_id"):
            raise Unsure("ServiceNow took the record but did not name it. It may have been done.")
        return _made(connection, made)

    def read(self, connection: Connection, external_id: str) -> Reading:
        with servicenow_site.site(connection) as site:
            row = _row(site, connection, external_id, "state,active,close_code,close_notes,comments,work_notes")
        state = _state(connection, row)
        said = _shown(row, "state") or _plain(row, "state")
        code = _shown(row, "close_code")
        notes = _plain(row, "close_notes").strip() or last_entry(_shown(row, "comments"), _shown(row, "work_notes"))
        return Reading(state=state, said=f"{said} ({code})" if code and state in ("completed", "rejected") else said, notes=notes)

    def tell(self, connection: Connection, external_id: str, *, key: str, event: str, note: str) -> None:
        with servicenow_site.site(connection) as site:
            row = _row(site, connection, external_id, "work_notes")
            if wording.told(key, _shown(row, "work_notes")):
                return
            body = {"work_notes": wording.telling(key, event, note, most=MOST_NOTE)}
            path = f"{table_path(connection)}/{quote(_plain(row, 'sys_id'), safe='')}"
            site.call("PATCH", path, params={"sysparm_fields": "sys_id"}, body=body, changes=True)


SERVICENOW = ServiceNow()


def record_of(connection: Connection, request: Request, *, group: str) -> dict[str, str]:
    """The record as the table stores it. Raises Refused for other fields that cannot be read."""
    record = {
        "short_description": wording.cut(wording.line(request.title), MOST_SUMMARY),
        "description": wording.cut(wording.plain(wording.blocks(request, most=MOST_TEXT)), MOST_TEXT),
        "urgency": connection[f"urgency_{request.priority}"] or {"high": "1", "medium": "2", "low": "3"}[request.priority],
        "impact": connection["impact"] or "2",
        "correlation_id": request.key,
        "correlation_display": "TVM Portal",
    }
    if group:
        record["assignment_group"] = group
    if request.due_on:
        record["due_date"] = f"{request.due_on.isoformat()} 00:00:00"
    return record | wording.pairs(connection["extra"], what="Other fields")


def last_entry(*journals: str) -> str:
    """The newest entry that people wrote: comments before work notes, as they are meant for the one who asked."""
    for journal in journals:
        for entry in entries(journal):
            if not wording.ours(entry):
                return entry
    return ""


def entries(journal: str) -> list[str]:
    """The entries of a journal field as it is shown, newest first, without their heads."""
    found: list[list[str]] = []
    for row in journal.splitlines():
        if _ENTRY.match(row):
            found.append([])
        elif found:
            found[-1].append(row)
        elif row.strip():
            found.append([row])
    return [text for rows in found if (text := "\n".join(rows).strip())]


def _state(connection: Connection, row: Mapping[str, Any]) -> State:
    number = _plain(row, "state")
    states: dict[str, State] = dict(DEFAULT_STATES[table(connection)])
    for name, value in wording.pairs(connection["states"], what="Own states").items():
        for known in get_args(State):
            if value.casefold() == known:
                states[name] = known
    closed = _plain(row, "active").casefold() == "false"
    state = states.get(number, "completed" if closed else "accepted")
    rejections = wording.listed(connection["rejections"])
    codes = {_plain(row, "close_code").casefold(), _shown(row, "close_code").casefold()} - {""}
    return "rejected" if state == "completed" and codes & rejections else state


def _made(connection: Connection, row: Mapping[str, Any]) -> Made:
    """Named by its number, which is what people say; the address has its sys_id."""
    name, address = _plain(row, "sys_id"), connection["address"].strip().rstrip("/")
    target = quote(f"{table(connection)}.do?sys_id={name}", safe="")
    return Made(external_id=_plain(row, "number") or name, url=f"{address}/nav_to.do?uri={target}")


def _row(site: Site, connection: Connection, external_id: str, fields: str) -> Mapping[str, Any]:
    """The record of that number (or sys_id), as stored and as shown. Raises Refused where there is none."""
    name = "sys_id" if re.fullmatch(r"[0-9a-f]{32}", external_id) else "number"
    query: dict[str, str | int] = {
        "sysparm_query": f"{name}={escaped(external_id)}",
        "sysparm_fields": f"sys_id,number,{fields}",
        "sysparm_display_value": "all",
        "sysparm_limit": 5,
    }
    rows = servicenow_site.rows(site, table_path(connection), query)
    found = next((row for row in rows if _plain(row, name) == external_id), None)
    if found is None:
        raise Refused(
            f"ServiceNow has no {external_id} among its records of {table(connection)}: it was deleted, or the account may not see it."
        )
    return found


def _plain(row: Mapping[str, Any], name: str) -> str:
    """A value as stored: alone, or beside what is shown."""
    found = row.get(name)
    return str((found.get("value") if isinstance(found, Mapping) else found) or "")


def _shown(row: Mapping[str, Any], name: str) -> str:
    found = row.get(name)
    return str((found.get("display_value") if isinstance(found, Mapping) else found) or "")
