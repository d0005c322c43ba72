"""Where a ServiceNow instance is, how to sign in there, and whether a request could become a record there."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from remediation.ticketing import tokens, wording
from remediation.ticketing.base import Connection, Field, Finding, Refused, TicketingError
from remediation.ticketing.http import Answer, Manners, Site

BASIC, CLIENT, PASSWORD = "basic", "client_credentials", "password"
TABLES = {"incident": "Incident", "sc_task": "Catalog task", "change_request": "Change request"}
LEVELS = (("1", "1 - High"), ("2", "2 - Medium"), ("3", "3 - Low"))
NOBODY = "0" * 32  # the sys_id of no record

FIELDS = (
    Field("address", "Address", "https://your-instance.service-now.com", kind="address"),
    Field("table", "Table", "What a request becomes.", kind="choice", choices=tuple(TABLES.items()), initial="incident"),
    Field(
        "sign_in",
        "Sign-in",
        kind="choice",
        choices=((BASIC, "User and password"), (CLIENT, "OAuth, client credentials"), (PASSWORD, "OAuth, user and password")),
        initial=BASIC,
    ),
    Field("user", "User", "Not for OAuth with client credentials.", required=False),
    Field("password", "Password", "Of the user.", kind="secret", required=False),
    Field("client_id", "OAuth client id", "Of the application registry. OAuth only.", required=False),
    Field("client_secret", "OAuth client secret", "OAuth only.", kind="secret", required=False),
    Field("group", "Assignment group", "By its name, or its sys_id; empty: none.", required=False),
    Field("urgency_high", "Urgency for high", kind="choice", choices=LEVELS, initial="1"),
    Field("urgency_medium", "Urgency for medium", kind="choice", choices=LEVELS, initial="2"),
    Field("urgency_low", "Urgency for low", kind="choice", choices=LEVELS, initial="3"),
    Field(
        "impact", "Impact", "Of every record; with the urgency it makes ServiceNow's priority.", kind="choice", choices=LEVELS, initial="2"
    ),
    Field(
        "states",
        "Own states",
        "Where the table has other states than usual, one a line: 18 = accepted (or pending, rejected, completed).",
        kind="lines",
        required=False,
    ),
    Field(
        "rejections",
        "Close codes that mean rejected",
        "With commas between. Every other way to close means completed.",
        required=False,
        initial="Not Solved (Not Reproducible), Not Solved (Too Costly), No resolution provided, Duplicate, unsuccessful",
    ),
    Field("extra", "Other fields", "Fields that the table demands, one a line: category = software", kind="lines", required=False),
)

_NEEDED = {
    BASIC: ("user", "password"),
    CLIENT: ("client_id", "client_secret"),
    PASSWORD: ("user", "password", "client_id", "client_secret"),
}
_ADVICE = {
    401: "Check the user and password, or the OAuth client.",
    403: "Give the account a role that may read and write the table (the guide lists them).",
    404: "It is gone, or the account may not see it.",
}


def site(connection: Connection) -> Site:
    """The Table API with the credentials: nothing is sent before the first call. Raises Refused where some lack."""
    wording.demand(connection, FIELDS, *_NEEDED.get(connection["sign_in"], _NEEDED[BASIC]))
    address = connection["address"].strip().rstrip("/")
    pair = base64.b64encode(f"{connection['user']}:{connection['password']}".encode()).decode()
    basic = connection["sign_in"] in ("", BASIC)
    return Site(
        connection,
        address=address,
        manners=Manners("ServiceNow", _said, _ADVICE),
        headers={"Authorization": f"Basic {pair}"} if basic else {},
        hidden=(connection["password"], connection["client_secret"], pair),
        bearer=None if basic else lambda refused: _token(connection, address, fresh=refused),
    )


def table_path(connection: Connection) -> str:
    return f"/api/now/table/{table(connection)}"


def table(connection: Connection) -> str:
    return connection["table"] if connection["table"] in TABLES else "incident"


def group(servicenow: Site, connection: Connection) -> str:
    """The sys_id of the assignment group, empty where none is set. Raises Refused for a name that is not there, or there twice.

    It is looked up instead of sent as a display value: that would turn the dates sent along into those of the account's time zone.
    """
    name = connection["group"].strip()
    if not name or re.fullmatch(r"[0-9a-f]{32}", name):
        return name
    query: dict[str, str | int] = {
        "sysparm_query": f"name={escaped(name)}^active=true",
        "sysparm_fields": "sys_id,name",
        "sysparm_limit": 10,
    }
    listed = rows(servicenow, "/api/now/table/sys_user_group", query)
    found = [str(row.get("sys_id")) for row in listed if str(row.get("name")).casefold() == name.casefold()]
    if len(found) != 1:
        much = "is not there, or the account may not read it" if not found else "is there more than once"
        raise Refused(f"The assignment group {name} {much}: check the name, or enter the group's sys_id.")
    return found[0]


def rows(servicenow: Site, path: str, query: Mapping[str, str | int]) -> list[Mapping[str, Any]]:
    """The records that fit; some instances answer 404 where there is none."""
    answer = _own(servicenow, servicenow.get(path, query, also={404}))
    return [] if answer.status == 404 else servicenow.rows(answer, "result")


def _own(servicenow: Site, answer: Answer) -> Answer:
    """Raises Refused for a 404 that is not ServiceNow's own: the address is another's."""
    if answer.status == 404 and not isinstance(answer.get("error"), Mapping):
        raise Refused(f"There is no Table API at {servicenow.address}: check the address.")
    return answer


def escaped(value: str) -> str:
    """A value in an encoded query, where ^ separates conditions."""
    return value.replace("^", "^^")


def test(connection: Connection) -> list[Finding]:
    """Without making a record: whether one can be made shows, in the end, with the first."""
    label = TABLES[table(connection)]
    found: list[Finding] = []
    try:
        wording.pairs(connection["extra"], what="Other fields")
        wording.pairs(connection["states"], what="Own states")
        with site(connection) as servicenow:
            records = rows(servicenow, table_path(connection), {"sysparm_limit": 1, "sysparm_fields": "sys_id,correlation_id"})
            found.append(Finding(f"{label}: sign-in works, records can be read", good=True))
            if records:
                readable = "correlation_id" in records[0]
                detail = "" if readable else "Let the account read the field correlation_id: a record is found again by it."
                found.append(Finding("Field correlation_id can be read", good=readable, detail=detail))
            found.append(_tried(f"{label}: records can be written", lambda: _write_nothing(servicenow, connection)))
            if connection["group"].strip():
                step = f"Assignment group {connection['group'].strip()} is there"
                found.append(_tried(step, lambda: group(servicenow, connection)))
    except TicketingError as error:
        found.append(Finding(f"{label}: sign-in works, records can be read" if not found else "Connection", good=False, detail=str(error)))
    return found


def _write_nothing(servicenow: Site, connection: Connection) -> str:
    """A change of a record that is not there: refused for want of rights, or for want of the record."""
    _own(servicenow, servicenow.call("PATCH", f"{table_path(connection)}/{NOBODY}", body={}, also={404}))
    return "As far as it can be tried without making one."


def _tried(step: str, call: Callable[[], str]) -> Finding:
    try:
        said = call()
    except TicketingError as error:
        return Finding(step, good=False, detail=str(error))
    return Finding(step, good=True, detail=said if said.endswith(".") else "")


def _token(connection: Connection, address: str, *, fresh: bool) -> str:
    parts = [connection[name] for name in ("sign_in", "user", "password", "client_id", "client_secret")]
    return tokens.token(tokens.key("servicenow", address, *parts), lambda: _sign_in(connection, address), fresh=fresh)


def _sign_in(connection: Connection, address: str) -> tuple[str, float]:
    form = {"grant_type": connection["sign_in"], "client_id": connection["client_id"], "client_secret": connection["client_secret"]}
    if connection["sign_in"] == PASSWORD:
        form |= {"username": connection["user"], "password": connection["password"]}
    manners = Manners("ServiceNow's sign-in", _said, {400: _ADVICE[401], 401: _ADVICE[401]})
    with Site(connection, address=address, manners=manners, hidden=(connection["password"], connection["client_secret"])) as service:
        answer = service.call("POST", "/oauth_token.do", form=form)
    found = tokens.read(answer)
    if found is None:
        raise Refused(f"ServiceNow gave no token at {address}/oauth_token.do: check the OAuth client and the kind of sign-in.")
    return found


def _said(body: Any) -> str:
    """error.message and error.detail; OAuth has texts instead."""
    if not isinstance(body, Mapping):
        return ""
    error = body.get("error")
    if isinstance(error, Mapping):
        return ": ".join(str(error[name]) for name in ("message", "detail") if error.get(name))
    return str(body.get("error_description") or error or "")
