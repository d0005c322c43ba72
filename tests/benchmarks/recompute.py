"""Computing scores over a fleet, against the floor of one pass that groups the same installations by machine.

At scale N: N machines of five platforms in eight groups, 100 installations each (60 of the platform's core, 40 of a long
tail), one in twenty with two versions side by side, ten checks each. Most core products and a quarter of the tail have weaknesses;
installed versions lag behind in the proportions a fleet shows.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection

from inventory.actions import default_group
from recommendations import actions
from tests.benchmarks import Row

NOW = dt.datetime(2026, 3, 17, 12, tzinfo=dt.UTC)
CORE, PLATFORMS, CORE_EACH, TAIL_EACH = 300, 5, 60, 40
# Up to here the versions and their weaknesses, which grow far slower than the machines, take most of a full run.
GOAL_FULL, GOAL_FROM, NO_GOAL = 3.0, 100_000, float("inf")
FLOOR = "SELECT machine_id, count(*), sum(version_id) FROM inventory_installation GROUP BY machine_id"
TABLES = (
    "inventory_machine, inventory_software, inventory_configuration, inventory_installation, inventory_configurationresult, "
    "inventory_dirtymachine, weaknesses_weakness, weaknesses_event, recommendations_exposure, recommendations_machinebasis, "
    "recommendations_machinescore, recommendations_groupscore, recommendations_run"
)


def run(scale: int) -> list[Row]:
    build(scale)
    try:
        first = _timed(_recompute)
        _execute("ANALYZE")
        floor = min(_timed(lambda: _execute(FLOOR)) for _ in range(3))
        unchanged = min(_timed(_recompute) for _ in range(3))
        one, many = _refresh(1), _refresh(min(500, scale))
        _execute("UPDATE weaknesses_weakness SET epss = least(1, epss * 1.01 + 0.00001)")
        restated = _timed(_recompute)
    finally:
        _execute(f"TRUNCATE {TABLES} CASCADE")
    return [
        Row(
            "Full recompute, unchanged fleet", scale, unchanged, "s", floor, unchanged / floor, GOAL_FULL if scale >= GOAL_FROM else NO_GOAL
        ),
        Row("Full recompute, first time", scale, first, "s", floor, first / floor, NO_GOAL),
        Row("Full recompute, every EPSS score moved", scale, restated, "s", floor, restated / floor, NO_GOAL),
        Row("Incremental, 1 changed machine", scale, one, "s", floor, one / floor, NO_GOAL),
        Row("Incremental, 500 changed machines", scale, many, "s", floor, many / floor, NO_GOAL),
    ]


def build(scale: int) -> None:
    software = CORE + max(200, int(25 * scale**0.5))
    parameters = {"machines": scale, "software": software, "tail": software - CORE, "core": CORE, "now": NOW, "group": default_group().pk}
    _execute(f"TRUNCATE {TABLES} CASCADE")
    for statement in _STATEMENTS.split("-- ;;"):
        _execute(statement, parameters)
    _execute("ANALYZE")


def _recompute() -> None:
    actions.recompute(now=NOW)


def _refresh(machines: int) -> float:
    """Move one core installation of some machines to another version, and bring the scores up to date."""
    _execute(
        """
        WITH chosen AS (SELECT id FROM inventory_machine ORDER BY id DESC LIMIT %(machines)s),
        moved AS (
            SELECT DISTINCT ON (i.machine_id) i.machine_id, i.version_id, o.id AS other
            FROM inventory_installation i
            JOIN inventory_version v ON v.id = i.version_id
            JOIN inventory_version o ON o.software_id = v.software_id AND o.id <> v.id
            WHERE i.machine_id IN (SELECT id FROM chosen)
              AND NOT EXISTS (SELECT FROM inventory_installation x WHERE x.machine_id = i.machine_id AND x.version_id = o.id)
            ORDER BY i.machine_id, i.version_id, o.id
        ), gone AS (
            DELETE FROM inventory_installation i USING moved m WHERE i.machine_id = m.machine_id AND i.version_id = m.version_id
        ), come AS (
            INSERT INTO inventory_installation (machine_id, version_id, first_seen) SELECT machine_id, other, %(now)s FROM moved
        )
        INSERT INTO inventory_dirtymachine (machine_id, since) SELECT machine_id, %(now)s FROM moved
        """,
        {"machines": machines, "now": NOW},
    )
    return _timed(lambda: actions.refresh_dirty(now=NOW, limit=machines))


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _execute(statement: str, parameters: Mapping[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


_STATEMENTS = """
SELECT setseed(0.25)
-- ;;
INSERT INTO inventory_machinegroup (name, description, rank, rule, is_default, machine_count)
SELECT 'Group ' || n, '', n, '[]', false, 0 FROM generate_series(1, 7) n ON CONFLICT DO NOTHING
-- ;;
INSERT INTO inventory_machine (id, external_id, name, domain, family, platform, os_name, os_version, os_build, architecture, ip_addresses,
    group_id, value, internet_facing, excluded, tags, is_demo, first_seen, last_seen, digests)
SELECT n, 'm' || n, 'machine-' || n, '', 'linux', 'debian-12', '', '', '', '', '{}',
    CASE WHEN n %% 8 = 0 THEN %(group)s ELSE (SELECT id FROM inventory_machinegroup g WHERE g.rank = n %% 8) END,
    CASE WHEN n %% 20 = 0 THEN 2 WHEN n %% 10 = 1 THEN 0 ELSE 1 END, n %% 15 = 0, false, '{}', false, %(now)s, %(now)s, '{}'
FROM generate_series(1, %(machines)s) n
-- ;;
INSERT INTO inventory_software (id, key, ecosystem, name, vendor, category, support, installed_count,
    exposed_count, version_count, weakness_count, first_seen)
SELECT n, 'vendor-_-product_' || n, 'cpe', 'Product ' || n, 'Vendor', '', CASE WHEN n %% 97 = 0 THEN 4 ELSE 0 END, 0, 0, 0, 0, %(now)s
FROM generate_series(1, %(software)s) n
-- ;;
INSERT INTO inventory_version (id, software_id, version, platform, sort_key, first_seen, matched_at)
SELECT s * 20 + v, s, '1.' || v, '', lpad(v::text, 4, '0'), %(now)s, %(now)s
FROM generate_series(1, %(software)s) s, generate_series(0, 19) v WHERE v < CASE WHEN s <= %(core)s THEN 20 ELSE 6 END
-- ;;
INSERT INTO weaknesses_weakness (id, cve, title, description, severity, cvss, cvss_vector, cwes, "references",
    epss, epss_percentile, exploit, exploited, ransomware, rejected, source, exposed_count)
SELECT s * 40 + w, 'CVE-2025-' || (s * 40 + w), '', '', 0, round((2 + 8 * random())::numeric, 1), '', '{}', '{}', power(random(), 6), 0,
    CASE WHEN random() < 0.04 THEN 1 WHEN random() < 0.01 THEN 2 ELSE 0 END, random() < 0.006, false, false, 'bench', 0
FROM generate_series(1, %(software)s) s, generate_series(0, 39) w
WHERE CASE WHEN s <= %(core)s THEN s %% 10 < 7 ELSE s %% 4 = 0 AND w < 10 END
-- ;;
INSERT INTO weaknesses_versionweakness (version_id, weakness_id, range_id, source, confidence, fix, fixed, fixed_key, first_matched_at)
SELECT v.id, w.id, 0, 'bench', 100, CASE WHEN w.id %% 29 = 0 THEN 0 ELSE 1 END, '1.20', '0020', %(now)s
FROM inventory_version v JOIN weaknesses_weakness w ON w.id / 40 = v.software_id
WHERE v.id %% 20 < CASE WHEN v.software_id <= %(core)s THEN w.id %% 20 ELSE w.id %% 6 END
-- ;;
INSERT INTO inventory_installation (machine_id, version_id, first_seen)
SELECT m, (((m %% 5) * 60 + k) %% %(core)s + 1) * 20 + floor(20 * sqrt(random()))::int, %(now)s
FROM generate_series(1, %(machines)s) m, generate_series(0, 59) k
UNION ALL
SELECT m, (%(core)s + (m * 7919 + k * 613) %% %(tail)s + 1) * 20 + floor(6 * sqrt(random()))::int, %(now)s
FROM generate_series(1, %(machines)s) m, generate_series(0, 39) k
-- ;;
INSERT INTO inventory_installation (machine_id, version_id, first_seen)
SELECT m, ((m %% 5) * 60 + 1) * 20 + 19, %(now)s FROM generate_series(20, %(machines)s, 20) m ON CONFLICT DO NOTHING
-- ;;
INSERT INTO inventory_configuration (id, source, external_id, name, description, risk, remediation, category,
    subcategory, impact, cce, benchmarks, user_impact, is_demo)
SELECT n, 'bench', n, 'Check ' || n, '', '', '', 'os', '', n, '', '{}', '', false FROM generate_series(1, 10) n
-- ;;
INSERT INTO inventory_configurationresult (machine_id, configuration_id, passed, changed_at)
SELECT m, c, random() < 0.7, %(now)s FROM generate_series(1, %(machines)s) m, generate_series(1, 10) c
"""
