"""Saved views of lists: whose they are, who sees them, and what their owner does with them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from core.models import AuditEvent, DefaultView, SavedView, User
from tests import worlds
from tests.integration.pages import queries

pytestmark = pytest.mark.django_db
LIST = "/recommendations/"
LISTS = {
    "recommendations": (LIST, "kind=uninstall&sort=name"),
    "software": ("/software/", "q=chrome"),
    "machines": ("/machines/", "sort=name"),
    "weaknesses": ("/weaknesses/", "severity=critical"),
    "timeline": ("/timeline/", "days=7"),
}


def save(client: Client, name: str = "Mine", *, query: str = "kind=uninstall", list_name: str = "recommendations", **more: str) -> Any:
    return client.post("/views/save/", {"list": list_name, "name": name, "query": query, "next": LIST, **more})


def change(client: Client, view: SavedView, do: str, **more: str) -> Any:
    return client.post(f"/views/{view.pk}/change/", {"do": do, "next": LIST, **more})


def labels(client: Client, address: str = f"{LIST}?view=all") -> list[str]:
    return [tab.label for tab in client.get(address).context["views"].tabs if tab.pk]


def said(client: Client) -> str:
    """What the next page says in its toast."""
    return " ".join(str(message) for message in client.get(f"{LIST}?view=all").context["messages"])


@pytest.mark.parametrize("list_name", LISTS)
def test_every_list_keeps_views(viewer_client: Client, list_name: str) -> None:
    address, query = LISTS[list_name]
    assert viewer_client.get(f"{address}?{query}").context["views"].can_save
    assert not viewer_client.get(address).context["views"].can_save
    assert save(viewer_client, list_name=list_name, query=query)["Location"] == f"{address}?{query}"
    bar = viewer_client.get(f"{address}?{query}").context["views"]
    assert bar.current.label == "Mine"
    assert not bar.can_save


def test_a_view_is_its_owners_alone_until_it_is_shared(viewer_client: Client, curator_client: Client) -> None:
    save(viewer_client)
    assert labels(curator_client) == []
    view = SavedView.objects.get()
    change(viewer_client, view, "edit", name="Ours", shared="1")
    assert labels(curator_client) == ["Ours"]
    tab = curator_client.get(f"{LIST}?{view.query}").context["views"].current
    assert (tab.owner, tab.mine) == ("viewer", False)
    change(viewer_client, view, "edit", name="Ours")
    assert labels(curator_client) == []


def test_only_its_owner_changes_a_view(viewer_client: Client, superuser_client: Client, viewer: User) -> None:
    save(viewer_client, shared="1")
    view = SavedView.objects.get()
    other = Client()
    other.force_login(User.objects.create_user("other"))
    for client in (other, superuser_client):
        for do in ("edit", "delete", "restore"):
            assert change(client, view, do, name="Taken").status_code == 403
    assert change(other, view, "unshare").status_code == 403
    view.refresh_from_db()
    assert (view.name, view.shared, view.deleted_at) == ("Mine", True, None)
    assert change(superuser_client, view, "unshare").status_code == 302
    assert change(superuser_client, view, "default").status_code == 404
    assert labels(viewer_client) == ["Mine"]


def test_somebody_elses_view_is_not_even_there(viewer_client: Client, curator_client: Client) -> None:
    save(viewer_client)
    for do in ("edit", "default", "delete"):
        assert change(curator_client, SavedView.objects.get(), do, name="x").status_code == 404
    replaced = save(curator_client, replace=str(SavedView.objects.get().pk), query="kind=update")
    assert replaced.status_code == 404


def test_a_name_is_taken_once_by_an_owner_and_list(viewer_client: Client, curator_client: Client) -> None:
    save(viewer_client, "Servers")
    save(viewer_client, "  servers ", query="kind=update")
    assert "already" in said(viewer_client)
    save(viewer_client, "Servers", list_name="machines", query="sort=name")
    save(curator_client, "Servers")
    assert SavedView.objects.count() == 3


@pytest.mark.parametrize(
    ("name", "query", "words"),
    [
        ("", "kind=update", "Give the view a name"),
        ("x" * 61, "kind=update", "at most 60"),
        ("A", "colour=red", "does not know colour=red"),
        ("A", "kind=nonsense", "does not know kind=nonsense"),
        ("A", "", "as it comes"),
        ("A", "page=3&open=va-_-a", "as it comes"),
    ],
)
def test_what_cannot_be_saved_says_why(viewer_client: Client, name: str, query: str, words: str) -> None:
    save(viewer_client, name, query=query)
    assert words in said(viewer_client)
    assert not SavedView.objects.exists()


def test_an_unknown_list_or_wish_is_refused(viewer_client: Client) -> None:
    assert save(viewer_client, list_name="nonsense").status_code == 400
    save(viewer_client)
    assert change(viewer_client, SavedView.objects.get(), "burn").status_code == 400


def test_a_view_whose_filter_is_gone_still_opens(viewer_client: Client, viewer: User) -> None:
    save(viewer_client)
    SavedView.objects.update(query="kind=uninstall&colour=red")
    assert labels(viewer_client) == ["Mine"]
    assert viewer_client.get(f"{LIST}?kind=uninstall&colour=red").status_code == 200


def test_a_view_can_be_replaced_by_the_present_filters(viewer_client: Client) -> None:
    save(viewer_client)
    view = SavedView.objects.get()
    save(viewer_client, replace=str(view.pk), query="kind=update&page=2")
    view.refresh_from_db()
    assert (view.name, view.query) == ("Mine", "kind=update")


def test_a_deleted_view_comes_back(viewer_client: Client) -> None:
    save(viewer_client)
    view = SavedView.objects.get()
    change(viewer_client, view, "delete")
    page = viewer_client.get(f"{LIST}?view=all").content.decode()
    assert f'action="/views/{view.pk}/change/"' in page
    assert 'value="restore">Undo' in page
    assert labels(viewer_client) == []
    assert change(viewer_client, view, "restore")["Location"] == f"{LIST}?kind=uninstall"
    assert labels(viewer_client) == ["Mine"]


def test_a_view_whose_name_was_taken_meanwhile_does_not_come_back(viewer_client: Client) -> None:
    save(viewer_client)
    view = SavedView.objects.get()
    change(viewer_client, view, "delete")
    save(viewer_client, query="kind=update")
    change(viewer_client, view, "restore")
    assert "already" in said(viewer_client)


def test_a_list_opens_with_the_default_view_and_has_a_way_back(viewer_client: Client) -> None:
    worlds.fleet()
    save(viewer_client)
    view = SavedView.objects.get()
    change(viewer_client, view, "default")
    assert viewer_client.get(LIST)["Location"] == f"{LIST}?kind=uninstall"
    plain = viewer_client.get(f"{LIST}?view=all")
    assert plain.context["pager"].total == 17
    opened = viewer_client.get(f"{LIST}?kind=uninstall")
    assert opened.context["views"].tabs[0].address == "?view=all"
    assert opened.context["state"].reset_address == "?view=all"
    change(viewer_client, view, "plain")
    assert viewer_client.get(LIST).status_code == 200


def test_a_default_ends_when_the_view_is_no_longer_shared(viewer_client: Client, curator_client: Client) -> None:
    save(viewer_client, shared="1")
    view = SavedView.objects.get()
    change(curator_client, view, "default")
    change(viewer_client, view, "default")
    change(viewer_client, view, "edit", name="Mine")
    assert curator_client.get(LIST).status_code == 200
    assert [default.user.username for default in DefaultView.objects.all()] == ["viewer"]


def test_saved_views_count_their_rows_and_cost_one_statement_each_at_most(viewer_client: Client) -> None:
    worlds.fleet()
    save(viewer_client, query="kind=uninstall")
    counted = {tab.label: tab.count for tab in viewer_client.get(f"{LIST}?view=all").context["views"].tabs}
    assert counted["Mine"] == 1
    few = queries(viewer_client, f"{LIST}?view=all")
    save(viewer_client, "Second", query="kind=update")
    assert queries(viewer_client, f"{LIST}?view=all") == few  # counts are kept
    without = queries(viewer_client, "/machines/?sort=name")
    save(viewer_client, "Third", list_name="machines", query="sort=group")
    assert queries(viewer_client, "/machines/?sort=name") == without


def test_what_is_done_with_views_is_audited(viewer_client: Client) -> None:
    save(viewer_client)
    view = SavedView.objects.get()
    change(viewer_client, view, "edit", name="Ours", shared="1")
    change(viewer_client, view, "delete")
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == ["save view", "change view", "delete view"]
