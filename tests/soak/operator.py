"""What people and feeds do to the portal under test, in a process of its own: one order a line in, one answer a line out.

Run by `manage.py shell -c`, as the portal's database and broker are. An order is {"do": verb, "seed": number}; the answer is
{"done": what came of it} or {"failed": why}. A fault under way makes orders fail, as it does for people.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
from collections.abc import Callable
from typing import Any

from celery import current_app
from django.db import close_old_connections, connection
from django.utils import timezone

from core.models import User
from core.secrets import encrypt
from exceptions import actions as exceptions
from exceptions.models import RiskException
from exceptions.queries import Subject
from exceptions.rules import CURRENT
from inventory import actions as inventory
from inventory import group_actions, interrupted
from inventory.models import Machine, MachineGroup, Software
from recommendations.models import Recommendation
from remediation import actions as remediation
from remediation.models import TicketConnection
from remediation.ticketing import SYSTEMS
from tests.figures import clean_figures, differences, figures, unexplained
from tests.load.agents import CATALOGUE, RELEASES, package_name, version
from tvm_portal.notifications.actions import Draft, save_rule
from weaknesses import actions as weaknesses
from weaknesses import bulk as feeds
from weaknesses.models import MatchOverride, Weakness
from weaknesses.records import EpssRecord, EvidenceRecord, RangeRecord, WeaknessRecord

CVES = 400
TAG = "soak"


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        close_old_connections()
        try:
            answer: dict[str, Any] = {"done": VERBS[order.pop("do")](**order)}
        except Exception as error:  # noqa: BLE001 - whatever a fault leads to is told
            connection.close()
            answer = {"failed": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), flush=True)


def prepare(*, jira: str = "", mail: str = "") -> str:
    """Weaknesses of the packages that agents report, groups, a ticket system and a rule that writes mails."""
    now, ada = timezone.now(), User.objects.get(username="admin")
    feeds.store_weaknesses((_weakness(number, random.Random(number), now) for number in range(CVES)), "debian")
    for position, digit in enumerate("01", 1):
        rule = [{"field": "name", "operator": "ends", "value": digit}]
        group_actions.save_group(group=None, name=f"Ends in {digit}", description="", rule=rule, position=position, by="admin", now=now)
    if jira:
        initial = {field.name: str(field.initial or "") for field in SYSTEMS["jira"].fields}
        values = initial | {"flavour": "cloud", "address": jira, "mail": "robot@contoso.example", "project": "SEC"}
        secrets = {"token": {"kept": encrypt("ATATT-token-of-the-robot"), "at": now.isoformat()}}
        values.pop("token", None)
        TicketConnection.objects.create(system="jira", enabled=True, values=values, secrets=secrets, allow_private=True, updated_at=now)
    if mail:
        words: dict[str, Any] = {
            "name": "Soak",
            "description": "",
            "organisation": "",
            "time_zone": "UTC",
            "naming": "counts",
            "frequency": "once",
        }
        numbers: dict[str, Any] = {"severity": 0, "impact": 0.0, "rise": 1.0, "weekday": 0, "hour": 8}
        kinds = ("exploited", "new_weakness", "new_recommendation")
        reach: dict[str, Any] = {"enabled": True, "all_groups": True, "groups": (), "addresses": (mail,), "users": ()}
        save_rule(rule=None, draft=Draft(**words, **numbers, **reach, kinds=kinds), by=ada, now=now)
    return "prepared"


def feed(*, seed: int) -> str:
    """A feed comes in: some weaknesses are new, are stated otherwise, or are withdrawn; some scores move; one is exploited."""
    chance, now = random.Random(seed), timezone.now()
    numbers = chance.sample(range(CVES + 50), 20)
    feeds.store_weaknesses([_weakness(number, chance, now) for number in numbers], "debian")
    feeds.store_epss([EpssRecord(_cve(number), chance.random(), 0.5) for number in chance.sample(range(CVES), 40)], day=now.date())
    listed = [EvidenceRecord(_cve(number), "soak", chance.choice((1, 2, 4))) for number in chance.sample(range(CVES), 5)]
    feeds.store_evidence(listed, "soak", now=now)
    if chance.random() < 0.3:
        feeds.store_weaknesses([WeaknessRecord(cve=_cve(numbers[0]), rejected=True, modified_at=now)], "debian")
    return f"{len(numbers)} weaknesses"


def full_run(*, seed: int) -> str:
    current_app.send_task("tvm_portal.tasks.recompute")
    return "asked for"


def grant(*, seed: int) -> str:
    chance, now = random.Random(seed), timezone.now()
    groups = None if chance.random() < 0.5 else [chance.choice(list(MachineGroup.objects.values_list("pk", flat=True)))]
    if chance.random() < 0.5:
        subject = Subject(recommendation=chance.choice(Recommendation.objects.filter(present=True).select_related("software")[:200]))
        reason = chance.choice(("control", "accept"))
    else:
        subject, reason = Subject(weakness=chance.choice(Weakness.objects.filter(exposed_count__gt=0)[:200])), "false_pos"
    until = now + dt.timedelta(seconds=chance.choice((60, 3 * 86_400)))
    words: dict[str, Any] = {"justification": reason, "context": "Soak.", "until": until}
    made = exceptions.grant(subjects=[subject], group_ids=groups, by=User.objects.get(username="admin"), now=now, **words)
    return f"exception {made[0].pk}"


def cancel(*, seed: int) -> str:
    current = list(RiskException.objects.filter(status__in=CURRENT).order_by("pk"))
    if not current:
        return "none to cancel"
    chosen = random.Random(seed).choice(current)
    exceptions.cancel(exception=chosen, by=User.objects.get(username="admin"), now=timezone.now())
    return f"exception {chosen.pk}"


def request(*, seed: int) -> str:
    """A fix is asked for, with a ticket in the queue and in the ticket system."""
    wanted = random.Random(seed).choice(Recommendation.objects.filter(present=True, kind="update")[:200])
    systems = ["queue", *TicketConnection.objects.filter(enabled=True).values_list("system", flat=True)]
    groups = list(MachineGroup.objects.values_list("pk", flat=True))
    named: dict[str, Any] = {"recommendation": wanted, "group_ids": groups, "priority": "high", "systems": systems}
    made = remediation.request_remediation(**named, by=User.objects.get(username="admin"), now=timezone.now())
    return f"activity {made.pk}"


def machines(*, seed: int) -> str:
    """Values, exclusions, tags and groups of some machines."""
    chance, now = random.Random(seed), timezone.now()
    chosen = chance.sample(list(Machine.objects.order_by("pk")), 5)
    inventory.set_machine_value(machines=chosen[:2], value=chance.randrange(3), by="admin", now=now)
    inventory.exclude_machines(machines=chosen[2:3], excluded=chance.random() < 0.5, by="admin", now=now)
    inventory.tag_machines(machines=chosen[3:], add=[TAG], by="admin", now=now)
    group = chance.choice(MachineGroup.objects.filter(is_default=False))
    rule = [{"field": "name", "operator": "ends", "value": str(chance.randrange(10))}]
    named: dict[str, Any] = {"name": group.name, "description": "", "rule": rule, "position": chance.choice((1, 2))}
    group_actions.save_group(group=group, **named, by="admin", now=now)
    inventory.regroup_machines(by="admin", now=now)
    return f"{len(chosen)} machines, one rule"


def override(*, seed: int) -> str:
    """A curator's word, or its end."""
    chance, now, ada = random.Random(seed), timezone.now(), User.objects.get(username="admin")
    standing = list(MatchOverride.objects.filter(revoked_at=None))
    if standing and chance.random() < 0.5:
        weaknesses.revoke_override(override=chance.choice(standing), by=ada, now=now)
        return "revoked"
    software = chance.choice(Software.objects.filter(exposed_count__gt=0)[:200])
    weaknesses.add_override(by=ada, now=now, reason="Soak", software=software)
    return software.key


def close_interrupted(*, seed: int) -> int:
    """What the worker does hours later."""
    return interrupted.close_interrupted(now=timezone.now() + interrupted.LONGEST) + weaknesses.close_interrupted_feeds(now=timezone.now())


def verdict(*, seed: int) -> list[str]:
    """What a clean full run would change; the causes that do not add up."""
    now = timezone.now()
    return differences(figures(), clean_figures(now=now)) + unexplained()


VERBS: dict[str, Callable[..., Any]] = {
    verb.__name__: verb for verb in (prepare, feed, full_run, grant, cancel, request, machines, override, close_interrupted, verdict)
}


def _cve(number: int) -> str:
    return f"CVE-2031-{10_000 + number}"


def _weakness(number: int, chance: random.Random, now: dt.datetime) -> WeaknessRecord:
    """Of a package that agents report, in its releases up to one in the middle."""
    package = number * 7 % CATALOGUE
    end = version(package, chance.randrange(1, RELEASES))
    product = f"deb:debian:{package_name(package)}"
    affected = RangeRecord(product=product, platforms=("debian-12",), end=end, fixed=end if chance.random() < 0.8 else "")
    return WeaknessRecord(cve=_cve(number), cvss=chance.choice((4.0, 7.5, 9.8)), published_at=now, modified_at=now, ranges=(affected,))
