"""Jira Cloud (API 3) or Data Center (API 2), as far as issues in one project go. Its search answers from an index that lags behind."""

from __future__ import annotations

import base64
import re
import time
from typing import Any

from tests.fakes.server import FakeServer, Reply, Said, Seen

STATUSES = {"To Do": ("new", "11"), "In Progress": ("indeterminate", "21"), "Done": ("done", "31"), "Closed": ("done", "41")}
PERMISSIONS = ("BROWSE_PROJECTS", "CREATE_ISSUES", "ADD_COMMENTS", "LINK_ISSUES")
SYSTEM_FIELDS = ("project", "issuetype", "summary", "description", "labels", "priority", "duedate")
LEAVES = {"paragraph": {"text", "hardBreak"}, "heading": {"text", "hardBreak"}, "codeBlock": {"text"}}
BRANCHES = {
    "doc": {"paragraph", "heading", "codeBlock", "bulletList", "orderedList"},
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": {"paragraph", "codeBlock", "bulletList", "orderedList"},
    **LEAVES,
}


class JiraServer(FakeServer):
    """`lag`: seconds until the search knows of a change. `required`: further fields the project demands, id -> name."""

    def __init__(self, flavour: str = "cloud", *, port: int = 0) -> None:
        super().__init__(port=port)
        self.flavour = flavour
        self.mail, self.token = "robot@contoso.example", "ATATT-token-of-the-robot"
        self.project, self.types = "SEC", {"Task": "10002", "Bug": "10004"}
        self.priorities = {"High", "Medium", "Low"}
        self.screen = set(SYSTEM_FIELDS)
        self.required: dict[str, str] = {}
        self.permissions = set(PERMISSIONS)
        self.lag = 0.0
        self.issues: dict[str, dict[str, Any]] = {}
        self._next = 10_001

    @property
    def api(self) -> str:
        return f"/rest/api/{3 if self.flavour == 'cloud' else 2}"

    # The people on the other side.

    def accept(self, key: str, note: str = "") -> None:
        self._move(key, "In Progress", None, note)

    def reject(self, key: str, note: str = "") -> None:
        self._move(key, "Done", "Won't Do", note)

    def complete(self, key: str, note: str = "") -> None:
        self._move(key, "Done", "Done", note)

    def comment(self, key: str, note: str) -> None:
        with self.lock:
            self._comment(self.issues[key], self._body(note))

    def index(self) -> None:
        """The search catches up."""
        with self.lock:
            for issue in self.issues.values():
                issue["indexed_at"] = 0.0

    def delete(self, key: str) -> None:
        with self.lock:
            del self.issues[key]

    def _move(self, key: str, status: str, resolution: str | None, note: str) -> None:
        with self.lock:
            self.issues[key]["fields"] |= {"status": _status(status), "resolution": {"name": resolution} if resolution else None}
        if note:
            self.comment(key, note)

    def _body(self, text: str) -> Any:
        if self.flavour != "cloud":
            return text
        return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]}

    def _comment(self, issue: dict[str, Any], body: Any) -> dict[str, Any]:
        made = {"id": str(20_000 + sum(len(other["comments"]) for other in self.issues.values())), "body": body, "created": _now()}
        issue["comments"].append(made)
        return made

    # The service.

    def error(self, status: int) -> Any:
        return {"errorMessages": ["Internal server error"], "errors": {}}

    def answer(self, seen: Seen) -> Reply:
        if not seen.path.startswith(f"{self.api}/"):
            return Reply(404, {"errorMessages": [f"null for uri: {seen.path}"], "errors": {}})
        path = seen.path[len(self.api) :]
        if path == "/serverInfo":
            return Reply(200, {"deploymentType": "Cloud" if self.flavour == "cloud" else "Server", "version": "10.3.1"})
        self._authorise(seen)
        if path.startswith("/search"):
            return self._search(seen, path)
        if path.startswith("/issue/createmeta/"):
            return self._create_meta(seen, path.removeprefix("/issue/createmeta/").split("/"))
        if path.startswith("/issue/"):
            return self._issue(seen, *path.removeprefix("/issue/").partition("/")[::2])
        return self._other(seen, path)

    def _other(self, seen: Seen, path: str) -> Reply:
        if path == "/issue" and seen.method == "POST":
            return self._create(seen)
        if path == "/myself":
            return Reply(200, {"emailAddress": self.mail, "displayName": "Robot"})
        if path == f"/project/{self.project}" and "BROWSE_PROJECTS" in self.permissions:
            return Reply(200, {"id": "10000", "key": self.project, "name": "Security"})
        if path.startswith("/project/"):
            raise _wrong(404, f"No project could be found with key '{path.rpartition('/')[2]}'.")
        if path == "/mypermissions" and seen.query.get("projectKey") == self.project:
            asked = seen.query.get("permissions", "").split(",")
            return Reply(200, {"permissions": {key: {"key": key, "havePermission": key in self.permissions} for key in asked}})
        raise _wrong(404, f"null for uri: {path}")

    def _authorise(self, seen: Seen) -> None:
        pair = base64.b64encode(f"{self.mail}:{self.token}".encode()).decode()
        wanted = f"Basic {pair}" if self.flavour == "cloud" else f"Bearer {self.token}"
        if seen.headers.get("authorization") != wanted:
            raise _wrong(401, "Client must be authenticated to access this resource.")

    def _search(self, seen: Seen, path: str) -> Reply:
        cloud = self.flavour == "cloud"
        if cloud and path == "/search":
            raise _wrong(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
        if path != ("/search/jql" if cloud else "/search"):
            raise _wrong(404, f"null for uri: {path}")
        fits = re.fullmatch(r'labels = "([^"\s]+)"(?: ORDER BY created ASC)?', seen.query.get("jql", ""))
        if not fits:
            raise _wrong(400, f"Error in the JQL Query: {seen.query.get('jql')}")
        known = [issue for issue in self.issues.values() if issue["indexed_at"] <= time.monotonic()]
        found = [issue for issue in known if fits[1] in issue["fields"].get("labels", [])]
        most = int(seen.query.get("maxResults", 50))
        shown = [{"id": issue["id"], "key": issue["key"], "fields": {}} for issue in found[:most]]
        return Reply(200, {"issues": shown, "isLast": True} if cloud else {"issues": shown, "total": len(found), "startAt": 0})

    def _create_meta(self, seen: Seen, parts: list[str]) -> Reply:
        if parts[0] != self.project or "CREATE_ISSUES" not in self.permissions:
            raise _wrong(404 if parts[0] != self.project else 403, "You cannot create issues in this project.")
        if len(parts) == 2:
            rows = [{"id": number, "name": name, "subtask": False} for name, number in self.types.items()]
            return self._page(seen, rows, "issueTypes")
        if parts[2] not in self.types.values():
            raise _wrong(404, "The issue type is not there.")
        needed = {"project", "issuetype", "summary"}
        fields = [(name, name.title(), name in needed) for name in SYSTEM_FIELDS if name in self.screen]
        fields += [(name, label, True) for name, label in self.required.items()]
        rows = [{"fieldId": name, "key": name, "name": label, "required": must, "hasDefaultValue": False} for name, label, must in fields]
        return self._page(seen, rows, "fields")

    def _page(self, seen: Seen, rows: list[dict[str, Any]], name: str) -> Reply:
        start = int(seen.query.get("startAt", 0))
        shown = rows[start : start + min(3, int(seen.query.get("maxResults", 50)))]  # a page is as short as the server likes
        page: dict[str, Any] = {"startAt": start, "total": len(rows), "maxResults": 3}
        return Reply(200, page | ({name: shown} if self.flavour == "cloud" else {"values": shown, "isLast": start + 3 >= len(rows)}))

    def _create(self, seen: Seen) -> Reply:
        body = _object(seen)
        fields = body.get("fields")
        if body.keys() != {"fields"} or not isinstance(fields, dict):
            raise _wrong(400, "fields is required")
        if "CREATE_ISSUES" not in self.permissions:
            raise _wrong(403, "You do not have permission to create issues in this project.")
        if errors := self._errors(fields):
            raise Said(Reply(400, {"errorMessages": [], "errors": errors}))
        number, self._next = self._next, self._next + 1
        key = f"{self.project}-{number - 10_000}"
        started = {"status": _status("To Do"), "resolution": None}
        self.issues[key] = {
            "id": str(number),
            "key": key,
            "fields": fields | started,
            "comments": [],
            "links": {},
            "properties": {},
            "indexed_at": time.monotonic() + self.lag,
        }
        return Reply(201, {"id": str(number), "key": key, "self": f"{self.address}{self.api}/issue/{number}"})

    def _errors(self, fields: dict[str, Any]) -> dict[str, str]:
        found = {}
        if fields.get("project") != {"key": self.project}:
            found["project"] = "valid project is required"
        if fields.get("issuetype", {}).get("name") not in self.types:
            found["issuetype"] = "The issue type selected is invalid."
        summary = fields.get("summary", "")
        if not summary or "\n" in summary or len(summary.encode("utf-16-le")) // 2 >= 255:
            found["summary"] = "Summary must be less than 255 characters."
        for name in fields.keys() - self.screen - self.required.keys():
            found[name] = f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
        for name in self.required.keys() - fields.keys():
            found[name] = f"{self.required[name]} is required."
        if "priority" in fields and "priority" in self.screen and fields["priority"].get("name") not in self.priorities:
            found["priority"] = "The priority selected is invalid."
        if any(not isinstance(label, str) or not label or " " in label or len(label) > 255 for label in fields.get("labels", [])):
            found["labels"] = "The label contains spaces which is invalid."
        if "duedate" in fields and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(fields["duedate"])):
            found["duedate"] = "Error parsing date string: it has to be of the form yyyy-MM-dd"
        if (wrong := self._text_error(fields.get("description"))) and "description" not in found:
            found["description"] = wrong
        return found

    def _text_error(self, body: Any) -> str:
        if self.flavour == "cloud":
            return "" if _is_document(body) else "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
        return "" if isinstance(body, str) and len(body) <= 32_767 else "Operation value must be a string"

    def _issue(self, seen: Seen, name: str, part: str) -> Reply:
        issue = next((found for found in self.issues.values() if name in (found["key"], found["id"])), None)
        if issue is None or "BROWSE_PROJECTS" not in self.permissions:
            raise _wrong(404, "Issue does not exist or you do not have permission to see it.")
        if not part:
            wanted = seen.query["fields"].split(",") if "fields" in seen.query else list(issue["fields"])
            fields = {field: issue["fields"].get(field) for field in wanted}
            return Reply(200, {"id": issue["id"], "key": issue["key"], "fields": fields})
        if part == "comment":
            return self._comments(seen, issue)
        if part == "remotelink" and seen.method == "POST":
            return self._link(seen, issue)
        if part == "transitions":
            return self._transitions(seen, issue)
        if part.startswith("properties/"):
            return self._property(seen, issue, part.removeprefix("properties/"))
        raise _wrong(404, f"null for uri: {seen.path}")

    def _comments(self, seen: Seen, issue: dict[str, Any]) -> Reply:
        if seen.method == "POST":
            body = _object(seen)
            if "ADD_COMMENTS" not in self.permissions:
                raise _wrong(403, "You do not have permission to comment on this issue.")
            if not body.keys() <= {"body", "visibility"} or self._text_error(body.get("body")):
                raise Said(Reply(400, {"errorMessages": [], "errors": {"comment": "Comment body is not valid!"}}))
            return Reply(201, self._comment(issue, body["body"]))
        rows = issue["comments"][::-1] if seen.query.get("orderBy") == "-created" else issue["comments"]
        start, most = int(seen.query.get("startAt", 0)), int(seen.query.get("maxResults", 50))
        return Reply(200, {"comments": rows[start : start + most], "startAt": start, "maxResults": most, "total": len(rows)})

    def _link(self, seen: Seen, issue: dict[str, Any]) -> Reply:
        body = _object(seen)
        target = body.get("object")
        if "LINK_ISSUES" not in self.permissions:
            raise _wrong(403, "You do not have permission to link issues.")
        known = body.keys() <= {"globalId", "application", "relationship", "object"}
        if not known or not isinstance(target, dict) or not target.get("url") or not 0 < len(target.get("title", "")) <= 255:
            raise Said(Reply(400, {"errorMessages": [], "errors": {"title": "'title' is required."}}))
        status = 200 if body.get("globalId") in issue["links"] else 201
        issue["links"][body.get("globalId") or f"link-{len(issue['links'])}"] = body
        return Reply(status, {"id": 10_000 + len(issue["links"])})

    def _transitions(self, seen: Seen, issue: dict[str, Any]) -> Reply:
        if seen.method == "GET":
            return Reply(
                200, {"transitions": [{"id": number, "name": name, "to": _status(name)} for name, (_, number) in STATUSES.items()]}
            )
        wanted = str(_object(seen).get("transition", {}).get("id"))
        name = next((name for name, (_, number) in STATUSES.items() if number == wanted), None)
        if name is None:
            raise _wrong(400, f"It seems that you have tried to perform an illegal workflow operation: {wanted}")
        issue["fields"]["status"] = _status(name)
        return Reply(204)

    def _property(self, seen: Seen, issue: dict[str, Any], name: str) -> Reply:
        known = name in issue["properties"]
        if seen.method == "PUT":
            issue["properties"][name] = seen.json()
            return Reply(200 if known else 201)
        if not known:
            raise _wrong(404, f"The property {name} does not exist.")
        return Reply(200, {"key": name, "value": issue["properties"][name]})


def _is_document(body: Any) -> bool:
    return isinstance(body, dict) and body.keys() == {"type", "version", "content"} and body["version"] == 1 and _is_node(body, "doc")


def _is_node(node: Any, kind: str) -> bool:
    """A node of the Atlassian Document Format: known kinds in known places, texts that are not empty."""
    if not isinstance(node, dict) or node.get("type") != kind:
        return False
    if kind == "text":
        return node.keys() <= {"type", "text", "marks"} and isinstance(node.get("text"), str) and node["text"] != ""
    if kind == "hardBreak":
        return True
    if kind == "heading" and not 1 <= node.get("attrs", {}).get("level", 0) <= 6:
        return False
    inner = node.get("content", [])
    if not isinstance(inner, list) or (not inner and kind not in LEAVES):
        return False
    if not node.keys() <= {"type", "content", "attrs", "version"}:
        return False
    return all(isinstance(child, dict) and child.get("type") in BRANCHES[kind] and _is_node(child, child["type"]) for child in inner)


def _object(seen: Seen) -> dict[str, Any]:
    try:
        body = seen.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or not seen.headers.get("content-type", "").startswith("application/json"):
        raise _wrong(400, "There was an error parsing JSON. Check that your request body is valid.")
    return body


def _status(name: str) -> dict[str, Any]:
    return {"name": name, "statusCategory": {"key": STATUSES[name][0]}}


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime())


def _wrong(status: int, message: str) -> Said:
    return Said(Reply(status, {"errorMessages": [message], "errors": {}}))
