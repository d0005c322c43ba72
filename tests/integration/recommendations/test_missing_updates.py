"""KBs that Windows machines lack: from the publisher's documents to the pages."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from inventory.models import Machine, MachineGroup, Software
from recommendations import update_queries
from tests.integration.inventory.reports import log, send
from tests.integration.pages import text
from tests.integration.weaknesses.feed_server import Publisher, publishing
from tests.unit.weaknesses.feeds.msrc_samples import fix, month, weakness
from tvm_portal import pipeline
from weaknesses import actions
from weaknesses.models import Feed, FeedRun, SecurityUpdate, VersionWeakness

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2099, 8, 20, 12, tzinfo=dt.UTC)
JULY = month(weakness("CVE-2099-0001", fix("5040442", "10.0.22631.3880", "1", replaces="5039212")))
AUGUST = month(
    weakness("CVE-2099-0002", fix("5041585", "10.0.22631.4037", "1", replaces="5040442")),
    weakness("CVE-2099-0003", fix("5041585", "10.0.22631.4037", "1"), fix("5041571", "10.0.26100.1457", "2")),
    name="2099-Aug",
    released="2099-08-13T07:00:00Z",
    changed="2099-08-13T07:00:00Z",
)


def sync(origin: Path | None = None, *, hours: int = 0) -> FeedRun:
    return actions.sync_feed(kind="msrc", origin=origin, now=NOW + dt.timedelta(hours=hours))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "2099-Jul.json").write_bytes(JULY)
    (tmp_path / "2099-Aug.json").write_bytes(AUGUST)
    return tmp_path


def windows(host: str, version: str, *, patches: tuple[str, ...] = ()) -> None:
    system = {"name": "Windows 11 Enterprise", "version": version, "platform": "windows", "build": version.split(".")[2]}
    tables = [("os_version", [system]), ("patches", [{"hotfix_id": patch} for patch in patches])]
    send(log(*tables, host=host, name=host), now=NOW)


def missing(host: str) -> list[str]:
    return [update.kb for update in update_queries.missing_on_machine(machine=Machine.objects.get(external_id=host))]


def test_updates_are_stored_once_and_the_second_time_nothing_changes(folder: Path) -> None:
    assert sync(folder).state == FeedRun.State.DONE
    assert set(SecurityUpdate.objects.values_list("kb", "product__key", "fixed")) == {
        ("5040442", "cpe:o:microsoft:windows_11_23h2", "10.0.22631.3880"),
        ("5041585", "cpe:o:microsoft:windows_11_23h2", "10.0.22631.4037"),
        ("5041571", "cpe:o:microsoft:windows_11_24h2", "10.0.26100.1457"),
    }
    assert SecurityUpdate.objects.get(kb="5041585").cves == ["CVE-2099-0002", "CVE-2099-0003"]
    again = sync(folder, hours=1)
    assert (again.state, again.read, again.changed) == (FeedRun.State.UNCHANGED, 0, 0)


def test_a_build_finds_its_missing_updates(folder: Path) -> None:
    sync(folder)
    windows("old", "10.0.22631.3000")
    windows("july", "10.0.22631.3880")
    windows("new", "10.0.22631.4037")
    windows("other", "10.0.26100.1000")
    pipeline.run(now=NOW)
    assert missing("old") == ["5041585", "5040442"]
    assert missing("july") == ["5041585"]
    assert missing("new") == []
    assert missing("other") == ["5041571"]
    assert set(VersionWeakness.objects.values_list("version__version", "weakness__cve", "fixed")) == {
        ("10.0.22631.3000", "CVE-2099-0001", "10.0.22631.3880"),
        ("10.0.22631.3000", "CVE-2099-0002", "10.0.22631.4037"),
        ("10.0.22631.3000", "CVE-2099-0003", "10.0.22631.4037"),
        ("10.0.22631.3880", "CVE-2099-0002", "10.0.22631.4037"),
        ("10.0.22631.3880", "CVE-2099-0003", "10.0.22631.4037"),
        ("10.0.26100.1000", "CVE-2099-0003", "10.0.26100.1457"),
    }


def test_without_a_revision_installed_updates_tell_the_patch_level(folder: Path) -> None:
    sync(folder)
    windows("patched", "10.0.22631", patches=("KB5040442", "KB5012170"))
    windows("unknown", "10.0.22631")
    pipeline.run(now=NOW)
    assert missing("patched") == ["5041585"]
    assert missing("unknown") == []


def test_an_unknown_patch_level_is_not_shown_as_nothing_missing(folder: Path, viewer_client: Client) -> None:
    sync(folder)
    windows("unknown", "10.0.22631")
    pipeline.run(now=NOW)
    page = text(viewer_client.get(f"/machines/{Machine.objects.get().pk}/?tab=updates"))
    assert "No missing update is known" in page
    assert "Missing KBs 0" not in page


def test_the_software_page_counts_machines_of_the_chosen_groups(folder: Path) -> None:
    sync(folder)
    for number in range(3):
        windows(f"old-{number}", "10.0.22631.3000")
    windows("july", "10.0.22631.3880")
    pipeline.run(now=NOW)
    software = Software.objects.get(key="microsoft-_-windows_11")
    groups = list(MachineGroup.objects.values_list("id", flat=True))
    total, rows = update_queries.missing_in_software(software_id=software.pk, groups=groups)
    assert (total, [(row.kb, row.machines, row.is_latest, row.release) for row in rows]) == (
        2, [("5041585", 4, True, "Windows 11 23H2"), ("5040442", 3, False, "Windows 11 23H2")],
    )  # fmt: skip
    assert update_queries.missing_in_software(software_id=software.pk, groups=[]) == (0, ())


def test_both_pages_show_and_export_them(folder: Path, viewer_client: Client) -> None:
    sync(folder)
    windows("old", "10.0.22631.3000")
    pipeline.run(now=NOW)
    machine = Machine.objects.get()
    for address in (f"/machines/{machine.pk}/", "/software/microsoft-_-windows_11/"):
        page = text(viewer_client.get(f"{address}?tab=updates"))
        assert "KB5041585" in page
        assert "Missing KBs" in page
        exported = b"".join(viewer_client.get(f"{address}export.csv?tab=updates")).decode()
        assert "KB5040442" in exported
        assert "10.0.22631.4037" in exported


def test_while_no_update_is_known_nothing_is_said_to_be_up_to_date(folder: Path, viewer_client: Client) -> None:
    windows("old", "10.0.22631.3000")
    pipeline.run(now=NOW)
    addresses = [f"/machines/{Machine.objects.get().pk}/?tab=updates", "/software/microsoft-_-windows_11/?tab=updates"]
    for address in addresses:
        assert "Not known yet" in text(viewer_client.get(address))
    sync(folder)
    pipeline.run(now=NOW)
    for address in addresses:
        assert "Not known yet" not in text(viewer_client.get(address))


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(settings, "FEED_PAUSE_SECONDS", 0)
    with publishing(Publisher()) as running:
        yield running


def listing(**changed: str) -> bytes:
    entries: list[dict[str, Any]] = [{"ID": name.replace("_", "-"), "CurrentReleaseDate": when} for name, when in changed.items()]
    return json.dumps({"value": [*entries, {"ID": "../../x", "CurrentReleaseDate": "2099-01-01"}, {"ID": 5}]}).encode()


def test_only_months_that_changed_are_downloaded(publisher: Publisher) -> None:
    publisher.files = {
        "/updates": listing(**{"2099_Jul": "2099-07-09T07:00:00Z", "2099_Aug": "2099-08-13T07:00:00Z", "2090_Jan": "2090-01-09T07:00:00Z"}),
        "/cvrf/2099-Jul": JULY,
        "/cvrf/2099-Aug": AUGUST,
    }
    Feed.objects.create(kind="msrc", address=publisher.address)
    assert sync().state == FeedRun.State.DONE
    assert [path for path in publisher.asked if "cvrf/" in path] == ["/cvrf/2099-Aug", "/cvrf/2099-Jul"]
    publisher.asked.clear()
    assert sync(hours=1).state == FeedRun.State.UNCHANGED
    assert publisher.asked == ["/updates"]
    publisher.files["/updates"] = listing(**{"2099_Jul": "2099-08-20T07:00:00Z", "2099_Aug": "2099-08-13T07:00:00Z"})
    sync(hours=2)
    assert publisher.asked == ["/updates", "/updates", "/cvrf/2099-Jul"]
    assert SecurityUpdate.objects.count() == 3
