"""A ServiceNow instance: the Table API of a few tables, and OAuth.

As the real one it drops fields it does not know, leaves conditions out that name a field the account may not read, and takes texts only.
"""

from __future__ import annotations

import base64
import re
import time
import uuid
from typing import Any

from tests.fakes.server import FakeServer, Reply, Said, Seen

STATES = {
    "incident": {"1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled"},
    "sc_task": {
        "-5": "Pending",
        "1": "Open",
        "2": "Work in Progress",
        "3": "Closed Complete",
        "4": "Closed Incomplete",
        "7": "Closed Skipped",
    },
    "change_request": {
        "-5": "New",
        "-4": "Assess",
        "-3": "Authorize",
        "-2": "Scheduled",
        "-1": "Implement",
        "0": "Review",
        "3": "Closed",
        "4": "Canceled",
    },
}
FIRST = {"incident": "1", "sc_task": "1", "change_request": "-5"}
ACCEPTED = {"incident": "2", "sc_task": "2", "change_request": "-1"}
COMPLETED = {"incident": "6", "sc_task": "3", "change_request": "3"}
REJECTED = {"incident": "8", "sc_task": "4", "change_request": "4"}
PREFIX = {"incident": "INC", "sc_task": "SCTASK", "change_request": "CHG"}
JOURNALS = ("work_notes", "comments")
LIMITS = {"short_description": 160, "description": 4000, "correlation_id": 100, "correlation_display": 100}
FIELDS = (
    *("short_description", "description", "urgency", "impact", "assignment_group", "due_date", "correlation_id", "correlation_display"),
    *("category", "state", "close_code", "close_notes", *JOURNALS),
)


class ServiceNowServer(FakeServer):
    """`readable`, `writable`: tables the account may use; `hidden`: fields it may not read; `mandatory`: fields a new record must have."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(port=port)
        self.user, self.password = "tvm.portal", "pässword-of-tvm"
        self.client_id, self.client_secret = "0123456789abcdef", "oauth-secret"
        self.grants = {"client_credentials", "password"}
        self.readable = {"incident", "sc_task", "change_request", "sys_user_group"}
        self.writable = {"incident", "sc_task", "change_request"}
        self.hidden: set[str] = set()
        self.mandatory: set[str] = set()
        self.groups: dict[str, str] = {}
        self.records: dict[str, dict[str, dict[str, str]]] = {name: {} for name in STATES}
        self.journal: dict[str, list[tuple[str, str, str]]] = {}
        self._tokens: dict[str, float] = {}
        self._number = 10_001

    # The people on the other side.

    def add_group(self, name: str) -> str:
        made = uuid.uuid4().hex
        self.groups[made] = name
        return made

    def accept(self, table: str, name: str, note: str = "") -> None:
        self._move(table, name, ACCEPTED[table], note)

    def reject(self, table: str, name: str, note: str = "") -> None:
        self._move(table, name, REJECTED[table], note, active="false")

    def complete(self, table: str, name: str, note: str = "", *, code: str = "") -> None:
        self._move(table, name, COMPLETED[table], note, active="false", code=code)

    def record(self, name: str) -> dict[str, str]:
        """By its number or sys_id, in whatever table."""
        return next(row for rows in self.records.values() for row in rows.values() if name in (row["number"], row["sys_id"]))

    def comment(self, name: str, note: str, *, field: str = "comments") -> None:
        name = self.record(name)["sys_id"]
        with self.lock:
            self.journal.setdefault(name, []).insert(0, ("Jo Hill", field, note))

    def expire_tokens(self) -> None:
        with self.lock:
            self._tokens.clear()

    def _move(self, table: str, name: str, state: str, note: str, *, active: str = "true", code: str = "") -> None:
        with self.lock:
            record = self.record(name)
            record |= {"state": state, "active": active, "close_code": code}
            if active == "false":
                record["close_notes"] = note
        if active == "true" and note:
            self.comment(name, note)

    # The service.

    def error(self, status: int) -> Any:
        message = "Rate limit exceeded" if status == 429 else "Transaction cancelled: maximum execution time exceeded"
        return _error(message, "Check logs for error trace or enable glide.rest.debug property to verify REST request processing")

    def answer(self, seen: Seen) -> Reply:
        if seen.path == "/oauth_token.do" and seen.method == "POST":
            return self._sign_in(seen)
        fits = re.fullmatch(r"/api/now/table/([a-z_]+)(?:/([0-9a-f]{32}))?", seen.path)
        if not fits:
            raise _wrong(400, "Requested URI does not represent any resource", seen.path)
        self._authorise(seen)
        table, name = fits.groups()
        if table not in (*self.records, "sys_user_group"):
            raise _wrong(400, f"Invalid table {table}", None)
        if table not in self.readable:
            raise _wrong(403, "Operation Failed", "ACL Exception: the user has no right to this table")
        if seen.method == "GET":
            return self._get(seen, table, name) if name else self._list(seen, table)
        if table not in self.writable:
            raise _wrong(403, "Operation Failed", "ACL Exception Insert Failed due to security constraints")
        return self._patch(seen, table, name) if name else self._create(seen, table)

    def _sign_in(self, seen: Seen) -> Reply:
        form = seen.form()
        kind = form.get("grant_type", "")
        good = kind in self.grants and (form.get("client_id"), form.get("client_secret")) == (self.client_id, self.client_secret)
        if kind == "password":
            good = good and (form.get("username"), form.get("password")) == (self.user, self.password)
        if not good:
            return Reply(401, {"error": "server_error", "error_description": "access_denied"})
        token = uuid.uuid4().hex
        self._tokens[token] = self.now() + 1799
        return Reply(200, {"access_token": token, "token_type": "Bearer", "expires_in": 1799, "scope": "useraccount"})

    def _authorise(self, seen: Seen) -> None:
        kind, _, value = seen.headers.get("authorization", "").partition(" ")
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if not (kind == "Basic" and value == basic) and not (kind == "Bearer" and self._tokens.get(value, 0) > self.now()):
            raise _wrong(401, "User Not Authenticated", "Required to provide Auth information")

    def _list(self, seen: Seen, table: str) -> Reply:
        rows = [{"sys_id": name, "name": label, "active": "true"} for name, label in self.groups.items()]
        rows = list(self.records[table].values()) if table in self.records else rows
        for condition in re.split(r"(?<!\^)\^(?!\^)", seen.query.get("sysparm_query", "")):
            name, equals, value = condition.partition("=")
            if equals and name not in self.hidden:
                wanted = value.replace("^^", "^")
                rows = [row for row in rows if row.get(name, "").casefold() == wanted.casefold()]
        start, most = int(seen.query.get("sysparm_offset", 0)), int(seen.query.get("sysparm_limit", 10_000))
        shown = [self._shown(seen, table, row) for row in rows[start : start + most]]
        return Reply(200, {"result": shown}, {"X-Total-Count": str(len(rows))})

    def _get(self, seen: Seen, table: str, name: str) -> Reply:
        return Reply(200, {"result": self._shown(seen, table, self._record(table, name))})

    def _record(self, table: str, name: str) -> dict[str, str]:
        found = self.records.get(table, {}).get(name)
        if found is None:
            raise _wrong(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
        return found

    def _create(self, seen: Seen, table: str) -> Reply:
        body = self._body(seen)
        if lacking := sorted(name for name in self.mandatory if not body.get(name)):
            raise _wrong(403, "Operation Failed", f"Data Policy Exception: The following fields are mandatory: {', '.join(lacking)}")
        number, self._number = self._number, self._number + 1
        name = uuid.uuid4().hex
        record = {"sys_id": name, "number": f"{PREFIX[table]}{number:07d}", "state": FIRST[table], "active": "true"}
        self.records[table][name] = record | {key: value for key, value in body.items() if key not in JOURNALS}
        self._write_journal(name, body)
        return Reply(
            201, {"result": self._shown(seen, table, self.records[table][name])}, {"Location": f"{self.address}{seen.path}/{name}"}
        )

    def _patch(self, seen: Seen, table: str, name: str) -> Reply:
        record = self._record(table, name)
        body = self._body(seen)
        record |= {key: value for key, value in body.items() if key not in JOURNALS}
        self._write_journal(name, body)
        return Reply(200, {"result": self._shown(seen, table, record)})

    def _write_journal(self, name: str, body: dict[str, str]) -> None:
        for field in JOURNALS:
            if body.get(field):
                self.journal.setdefault(name, []).insert(0, ("TVM Portal", field, body[field]))

    def _body(self, seen: Seen) -> dict[str, str]:
        try:
            body = seen.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or not seen.headers.get("content-type", "").startswith("application/json"):
            raise _wrong(400, "Exception while reading request", "The payload is not valid JSON")
        if any(not isinstance(value, str) for value in body.values()):
            raise _wrong(400, "Stricter than a real instance", f"values of the Table API are texts: {body}")
        if "assignment_group" in body and body["assignment_group"] not in self.groups:
            raise _wrong(400, "Stricter than a real instance", "a reference is sent as the sys_id of a record that is there")
        if "due_date" in body and not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", body["due_date"]):
            raise _wrong(400, "Stricter than a real instance", "a date and time is sent as stored")
        return {name: value[: LIMITS.get(name, 10_000)] for name, value in body.items() if name in FIELDS}

    def _shown(self, seen: Seen, table: str, record: dict[str, str]) -> dict[str, Any]:
        display = seen.query.get("sysparm_display_value", "false")
        wanted = seen.query.get("sysparm_fields", "").split(",") if seen.query.get("sysparm_fields") else list(record)
        return {name: self._value(table, record, name, display) for name in wanted if name not in self.hidden}

    def _value(self, table: str, record: dict[str, str], name: str, display: str) -> Any:
        value = record.get(name, "")
        shown = STATES[table].get(value, value) if name == "state" and table in STATES else value
        if name in JOURNALS:
            value, shown = "", self._journal(record["sys_id"], name)
        if name == "assignment_group" and value:
            shown = self.groups[value]
            return {"display_value": shown, "value": value} if display == "all" else {"link": f"{self.address}/{value}", "value": value}
        return {"display_value": shown, "value": value} if display == "all" else shown if display == "true" else value

    def _journal(self, name: str, field: str) -> str:
        label = {"work_notes": "Work notes", "comments": "Additional comments"}[field]
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        return "".join(f"{moment} - {who} ({label})\n{text}\n\n" for who, kind, text in self.journal.get(name, []) if kind == field)


def _error(message: str, detail: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "detail": detail}, "status": "failure"}


def _wrong(status: int, message: str, detail: str | None) -> Said:
    return Said(Reply(status, _error(message, detail)))
