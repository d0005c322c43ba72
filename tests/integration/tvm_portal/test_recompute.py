"""`manage.py recompute`."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from inventory.models import Machine, VersionStat
from recommendations.records import Fleet, FleetMachine, FleetVersion
from tests.integration.recommendations.agreement import computed

pytestmark = pytest.mark.django_db


@pytest.fixture
def counts() -> dict[int, int]:
    computed(
        Fleet(
            machines={f"m{n}": FleetMachine(versions=frozenset({"a@0"})) for n in range(3)}, versions={"a@0": FleetVersion("a", matches={})}
        )
    )
    Machine.objects.update(last_seen=timezone.now())
    call_command("recompute")
    return dict(VersionStat.objects.values_list("version_id", "installed"))


def test_counts_that_have_drifted_are_put_right_from_nothing_only(counts: dict[int, int], capsys: pytest.CaptureFixture[str]) -> None:
    VersionStat.objects.update(installed=F("installed") + 1)
    call_command("recompute")
    assert dict(VersionStat.objects.values_list("version_id", "installed")) == {version: number + 1 for version, number in counts.items()}
    call_command("recompute", "--afresh")
    assert dict(VersionStat.objects.values_list("version_id", "installed")) == counts
    assert "4 machines, 3 rebuilt" in capsys.readouterr().out
