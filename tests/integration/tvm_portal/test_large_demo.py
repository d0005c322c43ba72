"""A demo fleet that is copied in: as believable as one that is played, the same for the same seed, and taken out again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import Count
from django.test import Client

from core import partition_moves, partitions
from inventory.models import Alert, Configuration, ConfigurationResult, Installation, Machine, MachineGroup, Software, Version
from recommendations.models import Exposure, GroupScore, MachineScore, Recommendation, Run, WeaknessStat
from tests.integration.pages import LARGEST, links
from tvm_portal.demo import store
from tvm_portal.demo.organisation import ROLES
from tvm_portal.demo.tail import VENDOR_MARK

MACHINES = 300
PAGES = 40
STATE = """
SELECT m.external_id, m.name, g.name, m.os_name, m.os_version, m.value, m.tags::text, i.versions, r.results
FROM inventory_machine m JOIN inventory_machinegroup g ON g.id = m.group_id
JOIN (SELECT i.machine_id, array_agg(s.key || ' ' || v.version || ' ' || v.platform ORDER BY 1) AS versions FROM inventory_installation i
    JOIN inventory_version v ON v.id = i.version_id JOIN inventory_software s ON s.id = v.software_id GROUP BY 1) i ON i.machine_id = m.id
JOIN (SELECT r.machine_id, array_agg(c.external_id || r.passed ORDER BY 1) AS results FROM inventory_configurationresult r
    JOIN inventory_configuration c ON c.id = r.configuration_id GROUP BY 1) r ON r.machine_id = m.id
ORDER BY 1
"""


def _load(*, machines: int = MACHINES, seed: int = 1, **options: Any) -> None:
    call_command("demo", machines=machines, seed=seed, copy_above=machines - 1, verbosity=0, **options)


def _state() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        return [(*row[:-2], sorted(row[-2]), sorted(row[-1])) for row in cursor.fetchall()]


@pytest.mark.django_db
def test_a_large_fleet_looks_like_an_organisation_and_every_page_answers(curator_client: Client) -> None:
    _load()
    assert Machine.objects.filter(is_demo=True).count() == Machine.objects.count() == MACHINES
    _inventory_is_believable()
    _run_is_complete()
    _pages_answer(curator_client)


def _inventory_is_believable() -> None:
    each = dict(Installation.objects.values_list("machine_id").annotate(n=Count("version_id")))
    assert len(each) == MACHINES
    assert 95 <= sum(each.values()) / MACHINES <= 105
    by_role = Counter(name.rsplit("-", 1)[0] for name in Machine.objects.values_list("name", flat=True))
    assert all(by_role[role.prefix] == pytest.approx(role.part * MACHINES, abs=2) for role in ROLES)
    groups = set(MachineGroup.objects.filter(machines__isnull=False).values_list("name", flat=True))
    assert groups >= {role.group for role in ROLES if role.group}
    systems = Installation.objects.filter(version__software__ecosystem="os").values_list("machine_id", "version__version")
    assert dict(systems) == dict(Machine.objects.values_list("pk", "os_version"))
    widespread = Counter(Installation.objects.values_list("version_id", flat=True))
    assert sum(count <= 3 for count in widespread.values()) > len(widespread) / 8
    assert max(widespread.values()) > MACHINES / 10
    assert Version.objects.filter(software__vendor__endswith=VENDOR_MARK).count() > 300
    assert ConfigurationResult.objects.filter(passed=False).exists()
    assert Alert.objects.exists()
    seen = list(Machine.objects.order_by("last_seen").values_list("last_seen", flat=True))
    assert (seen[-1] - seen[0]).days >= 3
    with connection.cursor() as cursor:
        for table in ("inventory_installation", "inventory_configurationresult"):
            cursor.execute(f"SELECT count(DISTINCT tableoid) FROM {table}")
            assert cursor.fetchone()[0] == partitions.count(table)


def _run_is_complete() -> None:
    assert Run.objects.filter(kind=Run.Kind.FULL).count() == 1
    kinds = set(Recommendation.objects.filter(present=True).values_list("kind", flat=True))
    assert {"update", "configuration"} <= kinds
    assert Exposure.objects.count() > 10 * MACHINES
    assert WeaknessStat.objects.values("weakness").distinct().count() > 100
    levels = Counter(MachineScore.objects.values_list("level", flat=True))
    assert {1, 2, 3} <= levels.keys()
    assert Recommendation.objects.filter(present=True, software__vendor__endswith=VENDOR_MARK).count() == 0


def _pages_answer(client: Client) -> None:
    """Every kind of page that links lead to, a few of each, and the exports."""
    waiting = [
        "/",
        "/recommendations/",
        "/software/",
        "/weaknesses/",
        "/machines/",
        "/machines/?state=any",
        "/reports/vulnerable-machines/",
    ]
    waiting += [
        "/timeline/",
        "/search/?q=cargo",
        "/scoring/",
        "/machines/export.csv",
        "/software/export.csv",
        "/recommendations/export.csv",
    ]
    seen: Counter[str] = Counter()
    while waiting and seen.total() < PAGES:
        address = waiting.pop(0)
        kind = "/".join(part if part.isalpha() else "#" for part in address.partition("?")[0].split("/"))
        if seen[kind] >= 4 or address.startswith(("/static/", "/admin/", "/accounts/")):
            continue
        seen[kind] += 1
        response: Any = client.get(address)
        assert response.status_code in {200, 302}, address
        content = b"".join(response.streaming_content) if response.streaming else response.content
        if not response.streaming and response["Content-Type"].startswith("text/html"):
            assert len(content) <= LARGEST, address
            waiting += [link for link in links(response) if link.startswith("/")]
    assert len(seen) > 12


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_large_fleet_and_running_it_again_replaces_it() -> None:
    _load(machines=120, seed=7, no_recompute=True)
    first = _state()
    _load(machines=120, seed=7, no_recompute=True)
    assert _state() == first
    _load(machines=120, seed=8, no_recompute=True)
    assert _state() != first
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_connections_load_the_same_fleet_and_removing_it_leaves_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    _load(machines=150, workers=1, no_recompute=True)
    first = _state()
    _load(machines=150, workers=3)
    assert _state() == first
    own = _own_machine()
    monkeypatch.setattr(store, "MANY", 100)
    call_command("demo", remove=True, verbosity=0)
    assert list(Machine.objects.values_list("pk", flat=True)) == [own.pk]
    for model in (Installation, ConfigurationResult):
        assert set(model.objects.values_list("machine_id", flat=True)) == {own.pk}, model
    assert not Software.objects.filter(vendor__endswith=VENDOR_MARK).exists()
    assert not Configuration.objects.filter(is_demo=True).exists()
    assert set(MachineScore.objects.values_list("machine_id", flat=True)) == {own.pk}
    assert sum(GroupScore.objects.values_list("machines", flat=True)) == 1


def _own_machine() -> Machine:
    """A machine that is not the demo's, with a version that demo machines have too."""
    like = Machine.objects.filter(is_demo=True).order_by("pk").last()
    assert like is not None
    own = Machine.objects.create(
        external_id="own", name="own", group=like.group, first_seen=like.last_seen, last_seen=like.last_seen, platform=like.platform
    )
    version = Installation.objects.filter(machine=like, version__software__ecosystem="os").values_list("version_id", flat=True)[0]
    check = Configuration.objects.create(source="own", external_id="own", name="Own", category="os")
    Installation.objects.create(machine=own, version_id=version, first_seen=like.last_seen)
    ConfigurationResult.objects.create(machine=own, configuration=check, passed=True, changed_at=like.last_seen)
    return own


@pytest.mark.django_db(transaction=True)
def test_a_load_that_fails_leaves_no_machine_and_nothing_in_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(partition_moves, "swap", fail)
    with pytest.raises(RuntimeError):
        _load(machines=60, workers=2, no_recompute=True)
    monkeypatch.undo()
    assert not Machine.objects.exists()
    assert not Installation.objects.exists()
    assert partition_moves.unfinished()
    call_command("demo", remove=True, no_recompute=True, verbosity=0)
    assert not partition_moves.unfinished()


def test_a_fleet_that_is_copied_in_has_no_history() -> None:
    with pytest.raises(CommandError, match="no history"):
        call_command("demo", machines=30_000, days=10)
