"""An organisation that lives: every verb is something that a report, a feed, a person, the clock or a worker does, by the real actions.

Verbs take small numbers and names, so that Hypothesis can draw them and a failing history can be read.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from core.models import User
from exceptions import actions as exceptions
from exceptions.errors import ExceptionRefused
from exceptions.models import RiskException
from exceptions.queries import Subject
from exceptions.rules import CURRENT
from inventory import actions as inventory
from inventory import group_actions
from inventory.models import IngestRun, Machine, MachineGroup, Software, Version
from recommendations import actions as recommendations
from recommendations import inaccuracy_actions as inaccuracies
from recommendations.models import InaccuracyReport, Recommendation, ScoringSettings
from tests.integration.inventory.reports import DEBIAN, WINDOWS, debs, log, programs
from tvm_portal import pipeline
from weaknesses import actions as weaknesses
from weaknesses import bulk as feeds
from weaknesses.models import MatchOverride, Weakness
from weaknesses.records import CycleRecord, EpssRecord, EvidenceRecord, RangeRecord, WeaknessRecord

START = dt.datetime(2026, 3, 17, 8, tzinfo=dt.UTC)
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
HOSTS = tuple(f"{kind}-{number}" for kind in ("web", "db", "pc") for number in range(2))
CVES = tuple(f"CVE-2026-{number:04}" for number in range(1, 7))
RELEASES = ("1.0", "1.5", "2.0", "3.1")
# Name on a machine -> how vulnerability data calls it, and the release whose package that is.
PRODUCTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "openssl": ("deb:debian:openssl", ("debian-12",)),
    "nginx": ("deb:debian:nginx", ("debian-12",)),
    "Editor": ("cpe:a:example:editor", ()),
    "Server": ("cpe:a:example:server", ()),
}
LINES = {"Editor": "editor", "Server": "server"}
CHECKS = ("root-login", "lsa-protection", "smb-1")
TAGS = ("edge", "test")
RULES: tuple[list[dict[str, str]], ...] = (
    [{"field": "name", "operator": "starts", "value": "web"}],
    [{"field": "tag", "operator": "equals", "value": "edge"}],
    [{"field": "platform", "operator": "equals", "value": "windows"}],
    [{"field": "name", "operator": "ends", "value": "1"}],
    [],
)
SETTINGS: tuple[dict[str, Any], ...] = (
    {"half_hazard": 2.0, "value_high": 5.0},
    {"floor_any": 0.05, "likelihood_base": 0.4},
    {"no_fix_counts": "always"},
    {"no_fix_counts": "never", "peak_share": 0.7, "sum_share": 0.3},
    {"half_hazard": 1.0, "value_high": 3.0, "floor_any": 0.01, "likelihood_base": 0.5, "no_fix_counts": "exploited"},
)
REASONS = ("control", "accept", "productivity")
WEAKNESS_REASONS = ("no_patch", "false_pos", "control")


class Organisation:
    """`behind`: something changed that only the next full run takes into the figures, as the handbook says."""

    def __init__(self) -> None:
        self.now = START
        self.behind = False
        self.ada = User.objects.create(username="ada")
        inventory.default_group()
        pipeline.run(now=self.now)

    def do(self, verb: str, *arguments: Any) -> None:
        self.now += MINUTE
        getattr(self, verb)(*arguments)

    # --- reports

    def report(self, host: str, installed: Sequence[tuple[str, str]]) -> None:
        """All that a machine has installed, now."""
        if host.startswith("pc"):
            said = log(WINDOWS, programs(*(pair for pair in installed if pair[0] in LINES)), host=host, name=host)
        else:
            said = log(DEBIAN, debs(*(pair for pair in installed if pair[0] not in LINES)), host=host, name=host)
        self._ingest(said, "osquery")

    def check(self, host: str, passed: Mapping[str, bool]) -> None:
        """All results of one policy."""
        documents = [
            {
                "wazuh": {"agent": {"id": "1", "name": host, "host": {"os": {"name": "Debian", "platform": "debian", "version": "12"}}}},
                "policy": {"id": "base", "name": "Baseline"},
                "check": {"id": str(CHECKS.index(name)), "name": name, "result": "Passed" if ok else "Failed"},
            }
            for name, ok in passed.items()
        ]
        if documents:
            self._ingest(json.dumps(documents).encode(), "wazuh_sca")

    def alert(self, host: str, number: int, cve: str, opened: bool) -> None:
        said = {"machine": host, "id": f"{host} {number}", "title": "Shell from a browser", "cve": cve}
        moments = {"opened_at": self.now.isoformat()} if opened else {"opened_at": START.isoformat(), "closed_at": self.now.isoformat()}
        self._ingest(json.dumps([said | moments]).encode(), "alerts")

    def _ingest(self, said: bytes, source: str) -> None:
        run = inventory.ingest(stream=io.BytesIO(said), filename="", source=source, now=self.now, by="agent")
        assert run.state == IngestRun.State.DONE, run.error

    # --- feeds

    def publish(self, cve: str, name: str, end: str, fixed: bool, cvss: float) -> None:
        """A weakness of one product, new or stated otherwise than before. A score that moved is taken up by the next full run."""
        product, platforms = PRODUCTS[name]
        affected = RangeRecord(product=product, platforms=platforms, end=end, fixed=end if fixed else "")
        self._state(WeaknessRecord(cve=cve, cvss=cvss, published_at=START - 40 * DAY, modified_at=self.now, ranges=(affected,)))

    def reject(self, cve: str, rejected: bool) -> None:
        self._state(WeaknessRecord(cve=cve, rejected=rejected, modified_at=self.now))

    def _state(self, record: WeaknessRecord) -> None:
        feeds.store_weaknesses([record], "nvd")
        self.behind = True

    def epss(self, cve: str, percent: int) -> None:
        feeds.store_epss([EpssRecord(cve, percent / 100, percent / 100)], day=self.now.date())

    def exploit(self, cve: str, level: int) -> None:
        """All that one list of exploits says: it names one weakness, or none (level 0)."""
        listed = [EvidenceRecord(cve, f"exploit of {cve}", level)] if level else []
        feeds.store_evidence(listed, "list", now=self.now, complete=True)

    def support(self, name: str, line: str, days: int) -> None:
        """When the support of a release line ends, in days from now."""
        ends = self.now.date() + dt.timedelta(days=days)
        feeds.store_cycles([CycleRecord(LINES[name], line, (PRODUCTS[name][0],), ends_on=ends)], "lines")

    # --- machines and their groups

    def value(self, host: str, value: int) -> None:
        inventory.set_machine_value(machines=self._machines(host), value=value, by="ada", now=self.now)

    def face(self, host: str, internet: bool) -> None:
        inventory.set_internet_facing(machines=self._machines(host), internet_facing=internet, by="ada", now=self.now)

    def exclude(self, host: str, excluded: bool) -> None:
        inventory.exclude_machines(machines=self._machines(host), excluded=excluded, by="ada", now=self.now)

    def tag(self, host: str, tag: str, on: bool) -> None:
        inventory.tag_machines(machines=self._machines(host), add=[tag] if on else [], remove=[] if on else [tag], by="ada", now=self.now)

    def group(self, number: int, rule: int, position: int) -> None:
        """Make or change a group; machines follow."""
        found = MachineGroup.objects.filter(name=f"Group {number}").first()
        wanted: dict[str, Any] = {"name": f"Group {number}", "description": "", "rule": RULES[rule], "position": position}
        group_actions.save_group(group=found, by="ada", now=self.now, **wanted)
        inventory.regroup_machines(by="ada", now=self.now)

    def rank(self, number: int, up: bool) -> None:
        found = MachineGroup.objects.filter(name=f"Group {number}").first()
        if found is not None:
            group_actions.move_group(group=found, up=up, by="ada", now=self.now)
            inventory.regroup_machines(by="ada", now=self.now)

    def ungroup(self, number: int) -> None:
        found = MachineGroup.objects.filter(name=f"Group {number}").first()
        if found is not None:
            inventory.delete_group(group=found, by="ada", now=self.now)

    def _machines(self, host: str) -> list[Machine]:
        return list(Machine.objects.filter(external_id=host))

    # --- exceptions

    def accept(self, pick: int, reason: int, place: int, days: int) -> None:
        """Except a recommendation that is needed now."""
        needed = Recommendation.objects.select_related("configuration", "software").filter(present=True).order_by("key")
        if needed:
            self._grant(Subject(recommendation=needed[pick % len(needed)]), REASONS[reason], place, days)

    def accept_weakness(self, cve: str, name: str, reason: int, place: int, days: int) -> None:
        """Except a weakness; everywhere, or in one software."""
        weakness = Weakness.objects.filter(cve=cve).first()
        if weakness is not None:
            self._grant(Subject(weakness=weakness, software=self._software(name)), WEAKNESS_REASONS[reason], place, days)

    def withdraw(self, pick: int) -> None:
        current = RiskException.objects.filter(status__in=CURRENT).order_by("pk")
        if current:
            exceptions.cancel(exception=current[pick % len(current)], by=self.ada, now=self.now)

    def end_exceptions(self) -> None:
        """What the worker does every minute."""
        exceptions.follow(now=self.now, growth=False)

    def _grant(self, subject: Subject, reason: str, place: int, days: int) -> None:
        groups = list(MachineGroup.objects.order_by("pk").values_list("pk", flat=True))
        chosen = None if place == 0 else [groups[place % len(groups)]]
        words: dict[str, Any] = {"justification": reason, "context": "Agreed with IT.", "until": self.now + days * DAY}
        with suppress(ExceptionRefused):  # there is one already
            exceptions.grant(subjects=[subject], group_ids=chosen, by=self.ada, now=self.now, **words)

    # --- curators

    def override(self, verdict: str, cve: str, name: str, whole: bool) -> None:
        """A curator's word on a software or one of its versions; scores follow as the task lets them."""
        weakness, software = Weakness.objects.filter(cve=cve).first(), self._software(name)
        if weakness is None or software is None:
            return
        version = None if whole else Version.objects.filter(software=software).order_by("pk").first()
        named: dict[str, Any] = {"software": software, "version": version, "weakness": weakness}
        _, outcome = weaknesses.add_override(by=self.ada, now=self.now, reason="Looked at", verdict=verdict, **named)
        pipeline.follow(version_ids=outcome.touched_version_ids, now=self.now)

    def revoke(self, pick: int) -> None:
        standing = MatchOverride.objects.filter(revoked_at=None).order_by("pk")
        if standing:
            outcome = weaknesses.revoke_override(override=standing[pick % len(standing)], by=self.ada, now=self.now)
            pipeline.follow(version_ids=outcome.touched_version_ids, now=self.now)

    def correct(self, cve: str, name: str) -> None:
        """Somebody reports that a software does not have a weakness, and a curator says so too."""
        weakness, software = Weakness.objects.filter(cve=cve).first(), self._software(name)
        if weakness is None or software is None:
            return
        category = InaccuracyReport.Category.NOT_AFFECTED
        report = inaccuracies.report_inaccuracy(subject=weakness, category=category, by=self.ada, now=self.now)
        named: dict[str, Any] = {"software": software, "weakness": weakness}
        inaccuracies.correct_inaccuracy(report=report, answer="True.", named=named, by=self.ada, now=self.now)
        self._follow(software)

    def undo_correction(self, pick: int) -> None:
        corrected = InaccuracyReport.objects.filter(state=InaccuracyReport.State.CORRECTED, override__isnull=False).order_by("pk")
        if corrected:
            report = corrected[pick % len(corrected)]
            assert report.override is not None
            assert report.override.software is not None
            software = report.override.software
            inaccuracies.undo_correction(report=report, by=self.ada, now=self.now)
            self._follow(software)

    def settings(self, number: int) -> None:
        ScoringSettings.objects.update_or_create(id=1, defaults=SETTINGS[number])
        self.behind = True

    def _software(self, name: str) -> Software | None:
        return Software.objects.filter(name__iexact=name).first() if name else None

    def _follow(self, software: Software) -> None:
        """What the task of a correction is told: here, of all versions instead of those that changed."""
        touched = list(Version.objects.filter(software=software).order_by("pk").values_list("pk", flat=True))
        pipeline.follow(version_ids=touched, now=self.now)

    # --- clock and workers

    def wait(self, days: int) -> None:
        """Machines that say nothing fall silent, support ends: the next full run sees it."""
        self.now += days * DAY
        self.behind = True

    def refresh(self, limit: int) -> None:
        pipeline.refresh(now=self.now, limit=limit)

    def catch_up(self) -> None:
        """Incremental runs until nothing is left to do."""
        while pipeline.refresh(now=self.now):
            pass

    def full_run(self) -> None:
        pipeline.run(now=self.now)
        self.behind = False

    def snapshot(self) -> None:
        recommendations.snapshot(day=self.now.date())
