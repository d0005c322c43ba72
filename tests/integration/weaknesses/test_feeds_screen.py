"""The feeds screen: what is shown to whom, and who may run and switch."""

from __future__ import annotations

import datetime as dt
import html
from typing import Any

import pytest
from django.test import Client

from core.models import AuditEvent
from weaknesses.feeds import FEEDS
from weaknesses.feeds.base import Topic
from weaknesses.models import Feed, FeedReject, FeedRun

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2099, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Tasks handed to the broker."""
    found: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr("weaknesses.views.current_app.send_task", lambda name, kwargs: found.append((name, kwargs)))
    return found


def run(kind: str = "kev", **changes: Any) -> FeedRun:
    feed, _ = Feed.objects.get_or_create(kind=kind)
    facts: dict[str, Any] = {"state": FeedRun.State.DONE, "started_at": NOW, "finished_at": NOW + dt.timedelta(seconds=3)}
    return FeedRun.objects.create(feed=feed, **{**facts, **changes})


def test_every_feed_is_shown_with_licence_and_attribution(viewer_client: Client) -> None:
    page = html.unescape(viewer_client.get("/settings/feeds/").content.decode())
    for feed in FEEDS.values():
        assert feed.label in page
        assert feed.licence in page
        assert feed.attribution in page
    assert page.count("Never read") == len(FEEDS)
    assert "not endorsed or certified by the NVD" in page


def test_the_last_run_is_shown(viewer_client: Client) -> None:
    run(new=1)
    run(new=4321, rejected=7, started_at=NOW + dt.timedelta(hours=1))
    run("epss", state=FeedRun.State.FAILED, error="The publisher answered 503.")
    page = html.unescape(viewer_client.get("/settings/feeds/").content.decode())
    assert "4,321" in page
    assert "The publisher answered 503." in page


@pytest.mark.parametrize("runs", [1, 25])
def test_the_list_costs_the_same_for_one_run_and_for_many(viewer_client: Client, django_assert_max_num_queries: Any, runs: int) -> None:
    for number in range(runs):
        run(started_at=NOW + dt.timedelta(hours=number))
    viewer_client.get("/settings/feeds/")
    with django_assert_max_num_queries(12):
        viewer_client.get("/settings/feeds/")


def test_a_feed_shows_its_runs_and_what_a_run_rejected(viewer_client: Client) -> None:
    first = run(rejected=1)
    FeedReject.objects.create(run=first, place="line 4", reason="No CVE id.", excerpt='{"cve": <b>}')
    newest = run(started_at=NOW + dt.timedelta(hours=1))
    page = viewer_client.get("/settings/feeds/kev/").content.decode()
    assert f"?run={first.pk}" in page
    assert f"?run={newest.pk}" in page
    assert "No CVE id." not in page
    page = viewer_client.get(f"/settings/feeds/kev/?run={first.pk}").content.decode()
    assert "No CVE id." in page
    assert "&lt;b&gt;" in page
    assert viewer_client.get("/settings/feeds/kev/?run=none").status_code == 200
    assert viewer_client.get("/settings/feeds/rumours/").status_code == 404


def test_a_viewer_may_not_run_or_switch(viewer_client: Client, sent: list[Any]) -> None:
    page = html.unescape(viewer_client.get("/settings/feeds/").content.decode())
    assert "Run now" not in page
    assert viewer_client.post("/settings/feeds/kev/run/").status_code == 403
    assert viewer_client.post("/settings/feeds/kev/switch/").status_code == 403
    assert sent == []
    assert not Feed.objects.filter(enabled=False).exists()


def test_a_curator_runs_a_feed(curator_client: Client, sent: list[Any]) -> None:
    assert "Run now" in curator_client.get("/settings/feeds/").content.decode()
    answer = curator_client.post("/settings/feeds/kev/run/", follow=True)
    assert sent == [("tvm_portal.tasks.sync_feeds", {"kinds": ["kev"]})]
    assert "will be read as soon as a worker is free" in answer.content.decode()
    assert AuditEvent.objects.get().action == "run feed"
    assert curator_client.post("/settings/feeds/rumours/run/").status_code == 404


def test_a_curator_switches_a_feed(curator_client: Client) -> None:
    curator_client.post("/settings/feeds/kev/switch/")
    assert Feed.objects.get(kind="kev").enabled is False
    curator_client.post("/settings/feeds/kev/switch/", {"enabled": "on"})
    assert Feed.objects.get(kind="kev").enabled is None, "it is read by itself again"
    curator_client.post("/settings/feeds/kev/switch/", {"enabled": "on"})
    assert list(AuditEvent.objects.order_by("id").values_list("before", "after")) == [
        ({"enabled": None}, {"enabled": False}),
        ({"enabled": False}, {"enabled": None}),
    ]


def test_a_feed_that_nothing_needs_says_so_and_can_be_switched_on(curator_client: Client) -> None:
    reason = "Not needed: no machine reports packages of npm."
    assert reason in curator_client.get("/settings/feeds/").content.decode()
    assert reason in curator_client.get("/settings/feeds/npm/").content.decode()
    curator_client.post("/settings/feeds/npm/switch/", {"enabled": "on"})
    assert Feed.objects.get(kind="npm").enabled is True
    assert reason not in curator_client.get("/settings/feeds/").content.decode()
    curator_client.post("/settings/feeds/npm/switch/")
    assert Feed.objects.get(kind="npm").enabled is None
    assert "Off until you switch it on: its first run downloads 600 MB." in curator_client.get("/settings/feeds/cvelist/").content.decode()


def test_feeds_are_listed_by_topic(viewer_client: Client) -> None:
    page = viewer_client.get("/settings/feeds/").content.decode()
    places = [page.index(f">{topic.value}</h2>") for topic in Topic]
    assert places == sorted(places)
    assert page.index(">Exploits</h2>") < page.index('href="/settings/feeds/kev/"') < page.index(">Threats</h2>")


def test_running_and_switching_need_a_post(curator_client: Client) -> None:
    assert curator_client.get("/settings/feeds/kev/run/").status_code == 405
    assert curator_client.get("/settings/feeds/kev/switch/").status_code == 405


def test_a_curator_points_a_feed_at_a_mirror_and_back(curator_client: Client) -> None:
    mirror = "https://mirror.example.test/feeds/"
    answer = curator_client.post("/settings/feeds/kev/mirror/", {"address": mirror}, follow=True)
    assert f"is read from {mirror} from now on" in answer.content.decode()
    assert Feed.objects.get(kind="kev").address == mirror
    curator_client.post("/settings/feeds/kev/mirror/", {"address": ""})
    assert Feed.objects.get(kind="kev").address == ""
    changes = AuditEvent.objects.filter(action="point feed").order_by("id").values_list("before", "after")
    assert list(changes) == [({"address": ""}, {"address": mirror}), ({"address": mirror}, {"address": ""})]


def test_an_address_that_is_none_is_refused_with_the_page(curator_client: Client) -> None:
    answer = curator_client.post("/settings/feeds/kev/mirror/", {"address": "ftp://x"})
    assert answer.status_code == 422
    assert "begins with https://" in answer.content.decode()
    assert not Feed.objects.filter(kind="kev").exclude(address="").exists()
