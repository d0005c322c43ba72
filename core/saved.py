"""Saved views of lists: which there are for a user, as the tabs above the list.

A list registers under a name. `opened` reads what its user has; `Opened.bar` is what the component shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from core.access import Permission, may_everywhere
from core.htmx import details
from core.lists import ListSpec, ListState
from core.models import DefaultView, SavedView, User

SpecOf = Callable[[HttpRequest, QueryDict], ListSpec]
PLAIN = "view=all"
MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class SavedList:
    """A list that keeps views. `address`: the name of its address. `spec_of`: where its filters depend on what there is."""

    name: str
    address: str
    spec: ListSpec
    spec_of: SpecOf | None = None

    def read(self, query: str) -> ListState:
        return self.spec.read(QueryDict(query))

    def seen_by(self, request: HttpRequest, query: QueryDict) -> SavedList:
        """The list with the filters that there are now, for what is read in this request."""
        return replace(self, spec=self.spec_of(request, query)) if self.spec_of else self


LISTS: dict[str, SavedList] = {}


def register(name: str, *, address: str, spec: ListSpec, spec_of: SpecOf | None = None) -> SavedList:
    """Called once by the module of the list's page."""
    LISTS[name] = SavedList(name, address, spec, spec_of)
    return LISTS[name]


@dataclass(frozen=True, slots=True)
class ViewTab:
    """A tab. `count` None: not counted. `pk` 0: a ready-made view, which nobody changes. `exact`: it leads to just the present state."""

    label: str
    address: str
    count: int | None = None
    current: bool = False
    pk: int = 0
    owner: str = ""
    mine: bool = False
    shared: bool = False
    default: bool = False
    exact: bool = True


@dataclass(frozen=True, slots=True)
class ViewBar:
    """What the component shows. `query`: the present state, as it would be saved; empty where there is nothing to save."""

    list_name: str
    tabs: tuple[ViewTab, ...]
    query: str
    staff: bool

    @property
    def current(self) -> ViewTab | None:
        """The saved view in force."""
        return next((tab for tab in self.tabs if tab.current and tab.pk), None)

    @property
    def can_save(self) -> bool:
        """Whether the present state is one that no tab leads to."""
        return bool(self.query) and not any(tab.current and tab.exact for tab in self.tabs)

    @property
    def mine(self) -> tuple[ViewTab, ...]:
        return tuple(tab for tab in self.tabs if tab.mine)


@dataclass(frozen=True, slots=True)
class Opened:
    """A list with its views. `home`: where its bare address leads, empty: nowhere else."""

    of: SavedList
    state: ListState
    views: tuple[SavedView, ...]
    user: User | None
    default: int
    home: str = ""

    def bar(self, ready: Sequence[ViewTab] = (), count: Callable[[ListState], int] | None = None) -> ViewBar:
        """`ready`: the ready-made views; none: the untouched list is the first tab. `count`: rows of a view, where that is cheap."""
        query = self.state.view_query
        saved = [self._tab(view, query, count) for view in self.views]
        tabs = list(ready) or [ViewTab("All", f"?{self.state.plain}", current=not query)]
        if any(tab.current for tab in saved):
            tabs = [replace(tab, current=False) for tab in tabs]
        tabs += saved
        return ViewBar(self.of.name, tuple(tabs), query, bool(self.user and may_everywhere(self.user, Permission.SETTINGS)))

    def _tab(self, view: SavedView, query: str, count: Callable[[ListState], int] | None) -> ViewTab:
        state = self.of.read(view.query)
        mine = self.user is not None and view.owner_id == self.user.pk
        return ViewTab(
            label=view.name,
            address=replace(state, picks=self.state.picks).address(),
            count=count(state) if count else None,
            current=state.view_query == query,
            pk=view.pk,
            owner="" if mine else view.owner.display_name,
            mine=mine,
            shared=view.shared,
            default=view.pk == self.default,
        )


def opened(request: HttpRequest, of: SavedList) -> Opened:
    """The state of a request's address, and the views its user sees: their own, then what others share. One statement."""
    user = request.user if isinstance(request.user, User) else None
    views = tuple(visible(of.name, user))
    default = next((view for view in views if getattr(view, "is_default", False)), None)
    of = of.seen_by(request, request.GET)
    state = of.spec.read(request.GET)
    if default is not None:
        state = replace(state, plain=PLAIN)
    bare = not request.META.get("QUERY_STRING") and not details(request)
    home = f"{reverse(of.address)}?{default.query}" if default is not None and bare else ""
    return Opened(of, state, views, user, default.pk if default else 0, home)


def visible(list_name: str, user: User | AnonymousUser | None) -> Sequence[SavedView]:
    """The views of a list that a user sees, their own first."""
    if not isinstance(user, User):
        return ()
    views = SavedView.objects.filter(Q(owner=user) | Q(shared=True), list_name=list_name, deleted_at__isnull=True)
    chosen = DefaultView.objects.filter(view_id=OuterRef("pk"), user=user)
    found = views.select_related("owner").annotate(is_default=Exists(chosen)).order_by("name", "pk")
    return sorted(found, key=lambda view: view.owner_id != user.pk)[:MOST_SHOWN]
