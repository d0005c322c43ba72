"""A feed from beginning to end: folder or publisher, ledger, second time, interruption, resumption."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from tests.integration.weaknesses.feed_server import Publisher, publishing
from tests.integration.weaknesses.world import version
from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feeds.test_osv import record
from weaknesses import actions, bulk
from weaknesses.errors import FeedBusy, FeedUnavailable, UnknownFeed
from weaknesses.feed_queries import scheduled_feeds
from weaknesses.feeds import FEEDS
from weaknesses.feeds.fetch import Fetcher
from weaknesses.models import AffectedRange, EpssScore, ExploitEvidence, Feed, FeedReject, FeedRun, Weakness

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2099, 3, 1, 12, tzinfo=dt.UTC)
State = FeedRun.State


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(settings, "FEED_PAUSE_SECONDS", 0)
    with publishing(Publisher()) as running:
        yield running


def sync(kind: str, *, hours: float = 0, origin: Path | None = None) -> FeedRun:
    return actions.sync_feed(kind=kind, origin=origin, now=NOW + dt.timedelta(hours=hours))


def mirror(kind: str, address: str) -> None:
    Feed.objects.update_or_create(kind=kind, defaults={"address": address})


def nvd_records(count: int) -> list[dict[str, Any]]:
    return [samples.nvd_record(f"CVE-2099-{number:05}") for number in range(count)]


# Folder


def test_a_folder_read_twice_changes_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "nvdcve-2.0-2099.json.gz").write_bytes(samples.gzipped(samples.nvd_file(*nvd_records(3))))
    first = sync("nvd", origin=tmp_path)
    assert (first.state, first.read, first.new, first.error) == (State.DONE, 3, 3, "")
    second = sync("nvd", origin=tmp_path, hours=1)
    assert (second.state, second.read, second.new, second.changed) == (State.UNCHANGED, 0, 0, 0)
    feed = Feed.objects.get(kind="nvd")
    assert feed.changed_at == NOW
    assert feed.checked_at == NOW + dt.timedelta(hours=1)


def test_the_same_file_under_another_name_is_known(tmp_path: Path) -> None:
    content = samples.kev_file("CVE-2099-0001")
    (tmp_path / "known_exploited_vulnerabilities.json").write_bytes(content)
    sync("kev", origin=tmp_path)
    (tmp_path / "known_exploited_vulnerabilities.json").rename(tmp_path / "known_exploited_vulnerabilities-2.json")
    assert sync("kev", origin=tmp_path).state == State.UNCHANGED


def test_an_older_listing_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "known_exploited_vulnerabilities.json"
    path.write_bytes(samples.kev_file("CVE-2099-0001", "CVE-2099-0002", released="2099-02-02T00:00:00Z"))
    sync("kev", origin=tmp_path)
    path.write_bytes(samples.kev_file("CVE-2099-0001", released="2099-01-01T00:00:00Z"))
    assert sync("kev", origin=tmp_path).state == State.UNCHANGED
    path.write_bytes(samples.kev_file("CVE-2099-0001", released="2099-03-01T00:00:00Z"))
    newer = sync("kev", origin=tmp_path)
    assert (newer.state, newer.removed) == (State.DONE, 1)


def test_rejected_records_are_in_the_ledger(tmp_path: Path) -> None:
    good, bad = samples.nvd_record(), samples.nvd_record("CVE-99-1")
    (tmp_path / "nvdcve-2.0-2099.json").write_bytes(samples.nvd_file(good, bad))
    run = sync("nvd", origin=tmp_path)
    assert (run.state, run.read, run.new, run.rejected) == (State.DONE, 2, 1, 1)
    reject = FeedReject.objects.get(run=run)
    assert reject.place == "CVE-99-1"
    assert "not a CVE id" in reject.reason
    assert "CVE-99-1" in reject.excerpt


def test_a_truncated_file_is_stored_up_to_there_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "epss_scores-2099-02-04.csv.gz"
    scores = [(f"CVE-2099-{number:05}", number / 10_000, 0.5) for number in range(5000)]
    whole = samples.gzipped(samples.epss_file(*scores))
    bulk.store_epss([], day=NOW.date())
    path.write_bytes(whole[: len(whole) // 2])
    broken = sync("epss", origin=tmp_path)
    assert broken.state == State.FAILED
    assert "epss_scores-2099-02-04.csv.gz cannot be read past record" in broken.error
    assert 0 < EpssScore.objects.count() < 5000
    path.write_bytes(whole)
    assert sync("epss", origin=tmp_path).state == State.DONE
    assert EpssScore.objects.count() == 5000


def test_a_broken_listing_removes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "known_exploited_vulnerabilities.json"
    path.write_bytes(samples.kev_file("CVE-2099-0001", "CVE-2099-0002"))
    sync("kev", origin=tmp_path)
    path.write_bytes(samples.kev_file("CVE-2099-0001", "CVE-2099-0003", released="2099-02-10T00:00:00Z")[:-60])
    assert sync("kev", origin=tmp_path).state == State.FAILED
    assert ExploitEvidence.objects.filter(gone_at=None).count() == 2


def test_a_file_without_anything_usable_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "known_exploited_vulnerabilities.json").write_bytes(samples.kev_file())
    run = sync("kev", origin=tmp_path)
    assert (run.state, run.error) == (State.FAILED, "known_exploited_vulnerabilities.json holds no record that can be used.")


def test_a_database_refusal_is_in_the_ledger_and_nothing_is_half_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nvdcve-2.0-2099.json").write_bytes(samples.nvd_file(*nvd_records(3)))

    def refuse(*args: Any, **kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr("weaknesses.matching.forget", refuse)
    run = sync("nvd", origin=tmp_path)
    assert run.state == State.FAILED
    assert "division by zero" in run.error
    assert (Weakness.objects.count(), AffectedRange.objects.count()) == (0, 0)


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 10)
    monkeypatch.setattr(bulk.batches, "__defaults__", (10,))
    (tmp_path / "nvdcve-2.0-2099.json").write_bytes(samples.nvd_file(*nvd_records(35)))

    def cut_off(run: FeedRun) -> None:
        if run.new >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        actions.sync_feed(kind="nvd", origin=tmp_path, now=NOW, progress=cut_off)
    assert FeedRun.objects.get().state == State.RUNNING
    second = sync("nvd", origin=tmp_path)
    assert (second.state, second.read) == (State.DONE, 25)
    assert Weakness.objects.count() == 35
    interrupted = FeedRun.objects.order_by("pk")[0]
    assert (interrupted.state, "interrupted" in interrupted.error) == (State.FAILED, True)


def test_a_run_whose_reader_was_killed_is_closed_without_another() -> None:
    FeedRun.objects.create(feed=Feed.objects.create(kind="kev"), started_at=NOW)
    reader = psycopg.connect(
        **{k: v for k, v in connection.get_connection_params().items() if k in ("dbname", "user", "host", "port", "password")}
    )
    with reader:
        reader.execute("SELECT pg_advisory_lock(hashtext('weaknesses.feed'), hashtext('kev'))")
        assert actions.close_interrupted_feeds(now=NOW) == 0
    reader.close()
    assert actions.close_interrupted_feeds(now=NOW) == 1
    assert FeedRun.objects.get().state == State.FAILED
    assert actions.close_interrupted_feeds(now=NOW) == 0


def test_a_feed_is_read_by_one_at_a_time() -> None:
    other = psycopg.connect(
        **{k: v for k, v in connection.get_connection_params().items() if k in ("dbname", "user", "host", "port", "password")}
    )
    with other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('weaknesses.feed'), hashtext('kev'))")
        with pytest.raises(FeedBusy, match="right now"):
            sync("kev")


def test_an_unknown_feed_is_refused() -> None:
    with pytest.raises(UnknownFeed, match="Known: nvd, cvelist, kev"):
        sync("rumours")


# Publisher


def test_an_unchanged_file_is_not_sent_again(publisher: Publisher) -> None:
    publisher.files["/kev.json"] = samples.kev_file("CVE-2099-0001")
    mirror("kev", f"{publisher.address}/kev.json")
    assert sync("kev").state == State.DONE
    second = sync("kev")
    assert (second.state, second.read) == (State.UNCHANGED, 0)
    assert "if-none-match" in publisher.headers[1]
    publisher.files["/kev.json"] = samples.kev_file("CVE-2099-0001", "CVE-2099-0002", released="2099-02-05T00:00:00Z")
    third = sync("kev")
    assert (third.state, third.new) == (State.DONE, 1)


def test_a_mirror_folder_serves_the_publishers_file_names(publisher: Publisher) -> None:
    publisher.files["/mirror/known_exploited_vulnerabilities.json"] = samples.kev_file("CVE-2099-0001")
    mirror("kev", f"{publisher.address}/mirror/")
    assert sync("kev").new == 1


def test_passing_trouble_is_waited_out(publisher: Publisher) -> None:
    publisher.files["/kev.json"] = samples.kev_file("CVE-2099-0001")
    publisher.trouble = [(429, "0"), 503, "cut", (403, "Wed, 01 Jan 2020 00:00:00 GMT")]
    mirror("kev", f"{publisher.address}/kev.json")
    run = sync("kev")
    assert (run.state, run.new, len(publisher.asked)) == (State.DONE, 1, 5)


def test_lasting_trouble_fails_with_a_sentence_and_leaves_what_was_there(publisher: Publisher) -> None:
    publisher.files["/kev.json"] = samples.kev_file("CVE-2099-0001")
    mirror("kev", f"{publisher.address}/kev.json")
    sync("kev")
    publisher.trouble = [503] * 6
    run = sync("kev")
    assert (run.state, run.error) == (State.FAILED, f"{publisher.address}/kev.json answered 503. Tried 6 times.")
    assert ExploitEvidence.objects.filter(gone_at=None).count() == 1


def test_an_answer_that_will_not_get_better_is_not_asked_for_again(publisher: Publisher) -> None:
    mirror("kev", f"{publisher.address}/moved.json")
    assert sync("kev").error == f"{publisher.address}/moved.json answered 404."
    assert len(publisher.asked) == 1


def test_nothing_listens() -> None:
    settings_pause = settings.FEED_PAUSE_SECONDS
    settings.FEED_PAUSE_SECONDS = 0
    try:
        mirror("kev", "http://127.0.0.1:9/kev.json")
        assert "does not answer" in sync("kev").error
    finally:
        settings.FEED_PAUSE_SECONDS = settings_pause


def test_only_http_addresses_are_fetched() -> None:
    mirror("kev", "file:///etc/passwd")
    assert "is not an http or https address" in sync("kev").error


def test_a_redirect_may_not_leave_https() -> None:
    with Fetcher(folder=Path(), memory={}, mirror="", now=NOW, pause=0) as fetcher:
        answer = httpx.Response(200, request=httpx.Request("GET", "http://plain.example/x"))
        with pytest.raises(FeedUnavailable, match="without https"):
            fetcher._answer("x", "https://acme.example/x", answer)


# The NVD


def api(publisher: Publisher) -> str:
    address = f"{publisher.address}/rest/json/cves/2.0"
    mirror("nvd", address)
    return address


def test_the_api_is_walked_page_by_page_with_the_key(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "NVD_API_KEY", "secret-key")
    publisher.records = nvd_records(5)
    api(publisher)
    run = sync("nvd")
    assert (run.state, run.read, run.new) == (State.DONE, 5, 5)
    assert [path.split("startIndex=")[1].split("&")[0] for path in publisher.asked] == ["0", "2", "4"]
    assert {headers["apikey"] for headers in publisher.headers} == {"secret-key"}
    assert "lastModStartDate" not in publisher.asked[0]


def test_the_next_time_only_changes_are_asked_for(publisher: Publisher) -> None:
    publisher.records = nvd_records(2)
    api(publisher)
    sync("nvd")
    publisher.records = [samples.nvd_record("CVE-2099-00000", lastModified="2099-03-01T20:00:00.000", vulnStatus="Rejected")]
    publisher.asked.clear()
    run = sync("nvd", hours=10)
    assert (run.state, run.removed) == (State.DONE, 1)
    assert "lastModStartDate=2099-03-01T10%3A00%3A00.000%2B00%3A00" in publisher.asked[0]
    assert "lastModEndDate=2099-03-01T22%3A00%3A00.000%2B00%3A00" in publisher.asked[0]
    assert sync("nvd", hours=10).state == State.UNCHANGED


def test_a_long_absence_is_caught_up_in_windows(publisher: Publisher) -> None:
    publisher.records = nvd_records(1)
    api(publisher)
    sync("nvd")
    publisher.asked.clear()
    sync("nvd", hours=24 * 300)
    assert len(publisher.asked) == 3


def test_a_walk_that_breaks_off_goes_on_at_the_same_page(publisher: Publisher) -> None:
    publisher.records = nvd_records(6)
    publisher.trouble = [None, *["cut"] * 6]
    address = api(publisher)
    broken = sync("nvd")
    assert (broken.state, broken.new) == (State.FAILED, 2)
    assert address in broken.error
    assert Feed.objects.get(kind="nvd").resources["api"]["next"] == 2
    publisher.asked.clear()
    resumed = sync("nvd", hours=5)
    assert (resumed.state, resumed.new) == (State.DONE, 4)
    assert "startIndex=2" in publisher.asked[0]
    assert "startIndex=0" in publisher.asked[2], "what changed since the walk began is asked for next"


def test_something_else_than_a_page_is_named(publisher: Publisher) -> None:
    address = api(publisher)
    publisher.nonsense = b"<html>maintenance</html>"
    assert sync("nvd").error == f"{address} answered something that is not a page of vulnerabilities."


def test_year_files_are_checked_against_their_meta(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weaknesses.feeds.nvd_fetch.FIRST_YEAR", 2099)
    plain = samples.nvd_file(*nvd_records(2))
    meta = f"lastModifiedDate:2099-02-28T03:00:00-04:00\r\nsize:1\r\nsha256:{hashlib.sha256(plain).hexdigest().upper()}\r\n".encode()
    for part in ("2099", "modified", "recent"):
        publisher.files[f"/m/nvdcve-2.0-{part}.json.gz"] = samples.gzipped(plain)
        publisher.files[f"/m/nvdcve-2.0-{part}.meta"] = meta
    mirror("nvd", f"{publisher.address}/m/")
    assert sync("nvd").new == 2
    publisher.asked.clear()
    assert sync("nvd").state == State.UNCHANGED
    assert [path for path in publisher.asked if path.endswith(".gz")] == [], "an unchanged .meta saves the download"
    publisher.files["/m/nvdcve-2.0-2099.meta"] = meta.replace(b"sha256:", b"sha256:00")
    publisher.files["/m/nvdcve-2.0-2099.json.gz"] = samples.gzipped(samples.nvd_file(*nvd_records(3)))
    run = sync("nvd")
    assert run.state == State.FAILED
    assert "is not the file that its .meta describes" in run.error


def test_a_mirror_without_meta_files_is_read_conditionally(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weaknesses.feeds.nvd_fetch.FIRST_YEAR", 2099)
    for number, part in enumerate(("2099", "modified", "recent")):
        publisher.files[f"/m/nvdcve-2.0-{part}.json.gz"] = samples.gzipped(samples.nvd_file(*nvd_records(number + 1)))
    mirror("nvd", f"{publisher.address}/m")
    assert sync("nvd").new == 3
    second = sync("nvd")
    assert (second.state, second.read) == (State.UNCHANGED, 0)


def test_from_the_publisher_the_files_come_once_and_then_the_changes(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weaknesses.feeds.nvd_fetch.FIRST_YEAR", 2099)
    monkeypatch.setattr("weaknesses.feeds.nvd_fetch.FILES", f"{publisher.address}/files/")
    monkeypatch.setattr("weaknesses.feeds.nvd_fetch.API", f"{publisher.address}/rest/json/cves/2.0")
    publisher.files["/files/nvdcve-2.0-2099.meta"] = b"lastModifiedDate:2099-02-28T03:00:00-04:00\r\n"
    publisher.files["/files/nvdcve-2.0-2099.json.gz"] = samples.gzipped(samples.nvd_file(*nvd_records(2)))
    publisher.records = nvd_records(3)
    run = sync("nvd")
    assert (run.state, run.new) == (State.DONE, 3)
    assert "lastModStartDate=2099-02-28T05" in publisher.asked[2]
    publisher.asked.clear()
    sync("nvd", hours=2)
    assert all("/cves/2.0" in path for path in publisher.asked)


# Command


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("sync_feeds", *arguments, "--no-recompute", stdout=out)
    return out.getvalue()


def test_the_command_reads_every_feed_that_the_folder_has(tmp_path: Path) -> None:
    (tmp_path / "known_exploited_vulnerabilities.json").write_bytes(samples.kev_file("CVE-2099-0001"))
    out = command("--from", str(tmp_path))
    words = [line.split() for line in out.splitlines()]
    assert ["kev", "1", "read", "1", "new"] in [line[:5] for line in words]
    assert ["nvd", "No", "file", "in", f"{tmp_path}."] in words
    assert "nothing new" in command("kev", "--from", str(tmp_path))


def test_the_command_reads_a_folder_whether_machines_need_it_or_not_but_nothing_that_is_switched_off(tmp_path: Path) -> None:
    (tmp_path / "npm-osv.jsonl").write_bytes(samples.json_lines(record("GHSA-abcd-efgh-2345", "npm", "rocket")))
    assert "npm" not in scheduled_feeds()
    assert any(line.split()[:3] == ["npm", "1", "read"] for line in command("--from", str(tmp_path)).splitlines())
    Feed.objects.filter(kind="npm").update(enabled=False)
    with pytest.raises(CommandError, match="nothing to read"):
        command("--from", str(tmp_path))
    assert AffectedRange.objects.filter(source="npm").exists(), "what a feed stored stays when it is switched off"


def test_the_command_says_why_the_schedule_leaves_a_feed_out(publisher: Publisher) -> None:
    for kind in set(FEEDS) - {"kev", "npm", "cvelist", "pocs"}:
        Feed.objects.create(kind=kind, enabled=False)
    mirror("kev", f"{publisher.address}/kev.json")
    publisher.files["/kev.json"] = samples.kev_file("CVE-2099-0001")
    said = {line.split()[0]: " ".join(line.split()[1:]) for line in command().splitlines()}
    assert said["npm"] == "Not needed: no machine reports packages of npm."
    assert said["cvelist"] == "Off until you switch it on: its first run downloads 600 MB."
    assert said["pocs"] == "Read from a folder only."
    assert said["nvd"] == "Switched off."
    assert said["kev"].startswith("1 read")


# Schedule


def test_on_a_fresh_portal_the_schedule_reads_what_is_about_everybody() -> None:
    reachable = {kind for kind, feed in FEEDS.items() if feed.addresses or feed.fetch}
    scheduled = set(scheduled_feeds())
    assert scheduled == {kind for kind in reachable if FEEDS[kind].needs is None and not FEEDS[kind].opt_in}
    assert {"nvd", "kev", "epss", "endoflife"} <= scheduled
    assert not scheduled & {"cvelist", "npm", "debian", "ubuntu_oval", "msrc"}


@pytest.mark.parametrize(
    ("key", "ecosystem", "read"),
    [
        ("debian-_-openssl", "deb", {"debian"}),
        ("ubuntu-_-openssl", "deb", {"ubuntu"}),
        ("centos-_-openssl", "rpm", {"redhat"}),
        ("sles-_-openssl", "rpm", {"suse"}),
        ("opensuse-leap-_-openssl", "rpm", {"opensuse"}),
        ("alpine-_-openssl", "apk", {"alpine"}),
        ("npm-_-left-pad", "npm", {"npm"}),
        ("microsoft-_-windows_11", "os", {"msrc"}),
        ("debian-_-debian", "os", set()),
        ("google-_-chrome", "cpe", set()),
    ],
)
def test_what_a_machine_reports_brings_the_feeds_about_it_into_the_schedule(key: str, ecosystem: str, read: set[str]) -> None:
    before = set(scheduled_feeds())
    version(key, "1.0", ecosystem=ecosystem)
    assert set(scheduled_feeds()) - before == read


def test_a_curators_word_stands_above_what_is_needed() -> None:
    Feed.objects.create(kind="npm", enabled=True)
    Feed.objects.create(kind="cvelist", enabled=True)
    Feed.objects.create(kind="kev", enabled=False)
    scheduled = scheduled_feeds()
    assert {"npm", "cvelist"} <= set(scheduled)
    assert "kev" not in scheduled


# Failures of the command


def test_the_command_fails_when_a_feed_does(tmp_path: Path) -> None:
    (tmp_path / "known_exploited_vulnerabilities.json").write_bytes(samples.kev_file())
    with pytest.raises(CommandError, match="1 of 1 feeds failed"):
        command("--from", str(tmp_path))
    with pytest.raises(CommandError, match="no feed 'rumours'"):
        command("rumours")
    with pytest.raises(CommandError, match="There is no folder"):
        command("--from", str(tmp_path / "nowhere"))
