"""Jira, Cloud (API 3) and Data Center (API 2): a request becomes an issue, found again by a label.

Making an issue is not idempotent, and the search that `find` uses answers from an index that lags behind: `look_up_after` says how long one
has to wait after an uncertain try. Comments and issues are read past the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from remediation.ticketing import adf, jira_site, wording
from remediation.ticketing.base import Connection, Field, Finding, Made, Reading, Request, State, TicketingError, Unsure
from remediation.ticketing.http import Answer, Site
from remediation.ticketing.jira_site import DATA_CENTER, issue_path

MOST_SUMMARY = 254  # characters; Jira takes fewer than 255 in some versions
MOST_TEXT = 20_000  # of 32,767, as Cloud counts the structure too
MOST_COMMENT = 4_000
COMMENTS_A_PAGE = 50
COMMENT_PAGES = 10  # newest first: what was told longer ago is not told again
_OPTIONAL = frozenset({"priority", "duedate"})  # a project may not have them: an issue without is better than none
_STATES: dict[str, State] = {"new": "pending", "undefined": "pending", "indeterminate": "accepted", "done": "completed"}


class Jira:
    key: str = "jira"
    label: str = "Jira"
    about: str = "Requests become issues in a project of Jira Cloud or Jira Data Center."
    fields: tuple[Field, ...] = jira_site.FIELDS
    most_devices: int | None = 500
    reads_back: bool = True
    look_up_after: float = 60.0

    def test(self, connection: Connection) -> list[Finding]:
        return jira_site.test(connection)

    def find(self, connection: Connection, request: Request) -> Made | None:
        query: dict[str, str | int] = {
            "jql": f'labels = "{label_of(request.key)}" ORDER BY created ASC',
            "fields": "labels",
            "maxResults": 50,
        }
        with jira_site.site(connection) as site:
            answer = site.get("/search" if connection["flavour"] == DATA_CENTER else "/search/jql", query)
            first = min(site.rows(answer, "issues"), key=_number, default=None)
            if first is None:
                return None
            made = _made(site, first)
            _link(site, made, request)
        return made

    def create(self, connection: Connection, request: Request) -> Made:
        fields = fields_of(connection, request)
        with jira_site.site(connection) as site:
            answer = site.call("POST", "/issue", body={"fields": fields}, changes=True, also={400})
            if answer.status == 400 and (refused := _refused_fields(answer)) and refused <= _OPTIONAL & fields.keys():
                kept = {name: value for name, value in fields.items() if name not in refused}
                answer = site.call("POST", "/issue", body={"fields": kept}, changes=True, also={400})
            if answer.status == 400:
                raise site.refusal(answer)
            if not answer.get("key"):
                raise Unsure("Jira made the issue but did not name it. It may have been done.")
            made = _made(site, answer.body)
            _link(site, made, request)
        return made

    def read(self, connection: Connection, external_id: str) -> Reading:
        with jira_site.site(connection) as site:
            fields = site.get(issue_path(external_id), {"fields": "status,resolution"}).get("fields")
            notes = next((text for text in _comments(site, external_id, pages=1) if not wording.ours(text)), "")
        fields = fields if isinstance(fields, Mapping) else {}
        return _reading(fields, wording.listed(connection["rejections"]), notes)

    def tell(self, connection: Connection, external_id: str, *, key: str, event: str, note: str) -> None:
        with jira_site.site(connection) as site:
            if any(wording.told(key, text) for text in _comments(site, external_id, pages=COMMENT_PAGES)):
                return
            text = wording.telling(key, event, note, most=MOST_COMMENT)
            body: Any = adf.escaped(text) if connection["flavour"] == DATA_CENTER else adf.text_document(text)
            site.call("POST", issue_path(external_id, "/comment"), body={"body": body}, changes=True)


JIRA = Jira()


def label_of(key: str) -> str:
    return f"tvm-{wording.marker(key)}"


def fields_of(connection: Connection, request: Request) -> dict[str, Any]:
    """The fields of the issue as this kind of Jira takes them. Raises Refused for other fields that cannot be read."""
    parts = wording.blocks(request, most=MOST_TEXT)
    fields: dict[str, Any] = {
        "project": {"key": connection["project"].strip()},
        "issuetype": {"name": connection["issue_type"].strip()},
        "summary": wording.cut(wording.line(request.title), MOST_SUMMARY),
        "description": adf.wiki(parts) if connection["flavour"] == DATA_CENTER else adf.document(parts),
        "labels": [*jira_site.labels(connection), label_of(request.key)],
    }
    if priority := connection[f"priority_{request.priority}"].strip():
        fields["priority"] = {"name": priority}
    if request.due_on:
        fields["duedate"] = request.due_on.isoformat()
    return fields | wording.values(wording.pairs(connection["extra"], what="Other fields"))


def _made(site: Site, issue: Mapping[str, Any]) -> Made:
    key = str(issue.get("key"))
    root = site.address.rpartition("/rest/")[0]
    return Made(external_id=key, url=f"{root}/browse/{quote(key, safe='-')}")


def _link(site: Site, made: Made, request: Request) -> None:
    """The way back to the activity. A convenience: the issue stands without it, and the address is in its text too."""
    remote = {
        "globalId": f"tvm-remediation-{request.activity}",
        "application": {"type": "org.tvm-portal", "name": "TVM Portal"},
        "object": {"url": request.address, "title": wording.cut(wording.line(request.title), 200)},
    }
    try:
        site.call("POST", issue_path(made.external_id, "/remotelink"), body=remote)
    except TicketingError:
        return


def _refused_fields(answer: Answer) -> set[str]:
    errors = answer.get("errors")
    return set(errors) if isinstance(errors, Mapping) and not answer.get("errorMessages") else set()


def _number(issue: Mapping[str, Any]) -> int:
    number = str(issue.get("id"))
    return int(number) if number.isdecimal() else 0


def _comments(site: Site, external_id: str, *, pages: int) -> Iterator[str]:
    """The texts of the comments, newest first."""
    for page in range(pages):
        query: dict[str, str | int] = {"orderBy": "-created", "startAt": page * COMMENTS_A_PAGE, "maxResults": COMMENTS_A_PAGE}
        answer = site.get(issue_path(external_id, "/comment"), query)
        rows = site.rows(answer, "comments")
        for row in sorted(rows, key=_number, reverse=True):
            yield adf.text_of(row.get("body")).strip()
        total = answer.get("total")
        if not rows or not isinstance(total, int) or (page + 1) * COMMENTS_A_PAGE >= total:
            return


def _reading(fields: Mapping[str, Any], rejections: frozenset[str], notes: str) -> Reading:
    status, resolution = fields.get("status"), fields.get("resolution")
    status = status if isinstance(status, Mapping) else {}
    category = status.get("statusCategory")
    state = _STATES.get(str(category.get("key")) if isinstance(category, Mapping) else "", "pending")
    name = str(status.get("name") or "")
    ended = str(resolution.get("name") or "") if isinstance(resolution, Mapping) else ""
    if state == "completed" and {name.casefold(), ended.casefold()} & rejections:
        state = "rejected"
    return Reading(state=state, said=f"{name} ({ended})" if ended and ended.casefold() != name.casefold() else name, notes=notes)
