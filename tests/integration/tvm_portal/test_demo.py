"""The demo: built, the same again for the same seed, and taken out without a trace."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from inventory.models import Alert, Configuration, ConfigurationResult, DirtyMachine, Installation, Machine, MachineGroup
from recommendations.models import Exposure, GroupScore, MachineScore, Recommendation, RecommendationDay, RecommendationStat, ScoreDay
from remediation.models import Activity
from weaknesses.models import Event, Weakness

pytestmark = pytest.mark.django_db
STATE = """
SELECT m.name, g.name, m.value, m.internet_facing, round(s.score::numeric, 9), s.level, s.exposures
FROM inventory_machine m JOIN inventory_machinegroup g ON g.id = m.group_id JOIN recommendations_machinescore s ON s.machine_id = m.id
ORDER BY 1
"""


def _state() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        return list(cursor.fetchall())


def test_a_demo_shows_every_kind_of_thing() -> None:
    call_command("demo", machines=120, days=12, verbosity=0)
    assert Machine.objects.filter(is_demo=True).count() == Machine.objects.count() == 120
    kinds = set(Recommendation.objects.filter(present=True).values_list("kind", flat=True))
    assert {"update", "configuration", "attention"} <= kinds
    assert kinds & {"upgrade", "uninstall"}
    assert Recommendation.objects.filter(present=True, exploited=True).exists()
    assert Recommendation.objects.filter(present=True, active_alert=True).exists()
    assert Alert.objects.filter(closed_at__isnull=True).exists()
    assert ConfigurationResult.objects.filter(passed=False).exists()
    assert Event.objects.filter(kind=Event.Kind.NEW_WEAKNESS).exists()
    days = ScoreDay.objects.values("day").distinct().count()
    assert days == 13
    assert MachineGroup.objects.filter(machines__isnull=False).distinct().count() >= 5
    assert not DirtyMachine.objects.exists()
    assert Activity.objects.filter(target_count__gt=0).count() == 2


def test_the_same_seed_gives_the_same_demo_and_running_it_again_replaces_it() -> None:
    call_command("demo", machines=40, days=4, seed=7, verbosity=0)
    first = _state()
    call_command("demo", machines=40, days=4, seed=7, verbosity=0)
    assert _state() == first
    call_command("demo", machines=40, days=4, seed=8, verbosity=0)
    assert _state() != first


def test_removing_the_demo_leaves_nothing_of_it() -> None:
    call_command("demo", machines=30, days=5, verbosity=0)
    call_command("demo", remove=True, verbosity=0)
    for model in (Activity, Machine, Installation, ConfigurationResult, Configuration, Alert, Event, Exposure, MachineScore, DirtyMachine):
        assert not model.objects.exists(), model
    assert not RecommendationStat.objects.filter(exposed__gt=0).exists()
    assert not RecommendationDay.objects.filter(exposed__gt=0).exists()
    assert not GroupScore.objects.filter(machines__gt=0).exists()
    assert not Recommendation.objects.filter(present=True).exists()
    assert list(MachineGroup.objects.values_list("is_default", flat=True)) == [True]
    assert Weakness.objects.exists()


def test_sizes_out_of_bounds_are_refused() -> None:
    with pytest.raises(CommandError, match="20 to"):
        call_command("demo", machines=5)
    with pytest.raises(CommandError, match="0 to 180"):
        call_command("demo", days=1000)
