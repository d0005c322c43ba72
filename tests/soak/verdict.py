"""What must hold once load and faults are over and nothing is left to do."""

from __future__ import annotations

import http.client
from collections import Counter
from dataclasses import dataclass

from tests.load.agents import Agents, lost
from tests.load.processes import NAMES, programs
from tests.load.readers import EXPORTS, PAGES, Browser, fill, known
from tests.portals import PASSWORD
from tests.soak import logs
from tests.soak.site import Site

TWICE = {
    "events": "SELECT kind, at, software_id, configuration_id, weakness_ids, count(*) FROM weaknesses_event GROUP BY 1, 2, 3, 4, 5",
    "mails": "SELECT about, address, text, count(*) FROM core_outgoingmail GROUP BY 1, 2, 3",
    "tickets": "SELECT activity_id, provider, count(*) FROM remediation_ticket GROUP BY 1, 2",
    "occurrences": "SELECT kind, key, count(*) FROM tvm_portal_occurrence GROUP BY 1, 2",
}
STUCK = {
    "reports that are still being read": "SELECT count(*) FROM inventory_ingestrun WHERE state = 'running'",
    "feeds that are still being read": "SELECT count(*) FROM weaknesses_feedrun WHERE state = 'running'",
    "mails whose time is over": "SELECT count(*) FROM core_outgoingmail WHERE state = 'sending' AND due_at < now() - interval '2 minutes'",
    "dirty machines": "SELECT count(*) FROM inventory_dirtymachine",
    "locks that are held": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
}


@dataclass(frozen=True)
class Check:
    name: str
    good: bool
    detail: str = ""


def judge(there: Site, agents: Agents) -> list[Check]:
    return [
        _reports(there, agents),
        _figures(there),
        *_twice(there),
        _mails(there),
        _issues(there),
        *_stuck(there),
        _programs(there),
        _ready(there),
        _pages(there),
        _log(there),
    ]


def _reports(there: Site, agents: Agents) -> Check:
    wrong = lost(agents, there.database)
    waiting = len(agents.unsettled)
    detail = f"{len(agents.expected()):,} machines, {sum(sent.status == 200 for sent in agents.sent):,} acknowledged reports"
    if wrong:
        name, why = next(iter(wrong.items()))
        detail = f"{len(wrong)} machines, such as {name}: {why}"
    return Check(
        "no acknowledged report is lost, and none waits", not wrong and not waiting, detail + (f"; {waiting} wait" if waiting else "")
    )


def _figures(there: Site) -> Check:
    answer = there.operator.order("verdict", seed=0)
    found = answer.get("done", [answer.get("failed")])
    return Check("every figure is that of a clean full run", not found, "; ".join(map(str, found[:5]))[:800])


def _twice(there: Site) -> list[Check]:
    checks = []
    for name, query in TWICE.items():
        rows = there.rows(query)
        again = [row for row in rows if row[-1] > 1]
        checks.append(Check(f"no {name} twice", not again, f"{len(rows):,} {name}" + (f", twice: {again[:2]}"[:300] if again else "")))
    return checks


def _mails(there: Site) -> Check:
    """Every mail that was sent has arrived. One whose worker was killed in between may arrive again, under the same id."""
    sent = {str(key) for (key,) in there.rows("SELECT key FROM core_outgoingmail WHERE state = 'sent'")}
    arrived = dict(there.mails.taken)
    missing = [key for key in sent if not any(key in name for name in arrived)]
    again = sum(count - 1 for count in arrived.values())
    return Check(
        "mails that were sent have arrived",
        not missing,
        f"{len(arrived)} arrived, {again} again under the same id, {len(missing)} are missing",
    )


def _issues(there: Site) -> Check:
    """At most one issue a request in the ticket system on the other side."""
    labels = Counter(str(sorted(issue["fields"].get("labels", ()))) for issue in there.jira.issues.values())
    again = [label for label, count in labels.items() if count > 1]
    return Check(
        "no issue twice in the ticket system", not again, f"{len(there.jira.issues)} issues" + (f", twice: {again[:2]}" if again else "")
    )


def _stuck(there: Site) -> list[Check]:
    there.operator.order("close_interrupted", seed=0)
    return [
        Check(f"no {name}", count == 0, str(count) if count else "") for name, query in STUCK.items() for count in [there.number(query)]
    ]


def _programs(there: Site) -> Check:
    missing = [name for name in NAMES if name not in programs(there.portal.process.pid)]
    restarts = Counter(line.split(" ended")[0].split(" was gone")[0] for line in there.said if " ended (" in line or " was gone" in line)
    detail = ", ".join(f"{name} {count}" for name, count in sorted(restarts.items()))
    return Check("every program runs", not missing, f"started again: {detail}" if not missing else f"missing: {', '.join(missing)}")


def _ready(there: Site) -> Check:
    connection = http.client.HTTPConnection("127.0.0.1", there.port, timeout=20)
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    return Check("/readyz is green", answer.status == 200, answer.read().decode()[:200])


def _pages(there: Site) -> Check:
    browser = Browser(there.address)
    browser.sign_in("admin", PASSWORD)
    found = known(browser)
    paths = [fill(path, found, lambda names: names[0]) for paths in PAGES.values() for path in paths] + list(EXPORTS)
    wrong = {path: status for path in paths for status in [browser.ask("GET", path)[0]] if status != 200}
    return Check("every page answers", not wrong, str(wrong) if wrong else f"{len(paths)} pages")


def _log(there: Site) -> Check:
    explained, unexplained = logs.sorted_out(there.folder)
    known_ones = ", ".join(f"{name} {count}" for name, count in explained.most_common())
    others = "; ".join(f"{count} x {line}" for line, count in unexplained.most_common(5))
    return Check("no traceback that no fault explains", not unexplained, others or f"explained: {known_ones or 'none'}")
