"""The worklist in the admin: software that no vulnerability data knows, most installed first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from weaknesses import actions, worklist
from weaknesses.models import Product, SoftwareProduct, UnmatchedSoftware

if TYPE_CHECKING:  # the generics exist for the type checker only
    _UnmatchedAdmin = admin.ModelAdmin[UnmatchedSoftware]
    _Filter = admin.SimpleListFilter
else:
    _UnmatchedAdmin = admin.ModelAdmin
    _Filter = admin.SimpleListFilter

LINK = "weaknesses.add_softwareproduct"


class SettledFilter(_Filter):
    """What is still to do stands there unless something else is asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("settled", "Nothing is known about it"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        for value, label in ((None, "To do"), *self.lookup_choices):
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string({self.parameter_name: value} if value else {}, [self.parameter_name]),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return {"settled": queryset.filter(settled=True), "all": queryset}.get(self.value() or "", queryset.filter(settled=False))


@admin.register(UnmatchedSoftware)
class UnmatchedSoftwareAdmin(_UnmatchedAdmin):
    """Suggestions are computed for the rows that are shown. Everything is one audited action, and can be undone."""

    list_display = ("name", "installed_count", "may_be", "vendor", "key")
    list_display_links = None
    list_filter = (SettledFilter,)
    search_fields = ("name", "key__startswith", "vendor")
    ordering = ("-installed_count", "id")
    list_per_page = 50
    show_full_result_count = False
    actions = ("accept_best", "settle", "unsettle")

    def get_queryset(self, request: HttpRequest) -> QuerySet[UnmatchedSoftware]:
        return worklist.unmatched(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        own = path("accept/", self.admin_site.admin_view(require_POST(self.accept)), name="weaknesses_unmatchedsoftware_accept")
        return [own, *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(LINK)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_link_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(LINK)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The suggestions of all rows of the page at once."""
        changelist = super().get_changelist_instance(request)
        found = worklist.suggestions([row.pk for row in changelist.result_list])
        for row in changelist.result_list:
            row.suggested = found.get(row.pk, [])
        return changelist

    @admin.display(description="may be")
    def may_be(self, software: UnmatchedSoftware) -> SafeString | str:
        suggested: list[worklist.Suggestion] = getattr(software, "suggested", [])
        accept = reverse("admin:weaknesses_unmatchedsoftware_accept")
        lines = (
            (accept, f"{software.pk}:{s.product_id}", f"Accept: {software.name} is {s.key}", s.key, s.score, _weaknesses(s.weaknesses))
            for s in suggested
        )
        button = (
            '<div><button class="button" type="submit" formaction="{}" name="suggestion" value="{}" aria-label="{}">Accept</button>'
            " <code>{}</code> {}% alike, {}</div>"
        )
        return format_html_join("", button, lines) or "–"

    def accept(self, request: HttpRequest) -> HttpResponse:
        """One suggestion of one row, by its button."""
        if not self.has_link_permission(request):
            raise PermissionDenied
        software_id, _, product_id = request.POST.get("suggestion", "").partition(":")
        if not (software_id.isdecimal() and product_id.isdecimal()):
            self.message_user(request, "Nothing was chosen.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:weaknesses_unmatchedsoftware_changelist"))
        software = get_object_or_404(UnmatchedSoftware, pk=int(software_id))
        product = get_object_or_404(Product, pk=int(product_id))
        outcome = worklist.accept(software=software, product=product, **_who(request))
        link = SoftwareProduct.objects.get(software=software, product=product)
        undo = reverse("admin:weaknesses_softwareproduct_delete", args=[link.pk])
        self.message_user(
            request,
            format_html(
                '{} is {} from now on; {} matches came. <a href="{}">Undo</a>', software.name, product.key, f"{outcome.gained:,}", undo
            ),
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:weaknesses_unmatchedsoftware_changelist"))

    @admin.action(description="Accept the best suggestion, where only one is sure", permissions=["link"])
    def accept_best(self, request: HttpRequest, queryset: QuerySet[UnmatchedSoftware]) -> None:
        accepted, gained = worklist.accept_best(software=queryset, **_who(request))
        left = queryset.count() if accepted else len(request.POST.getlist("_selected_action"))
        self.message_user(request, f"{accepted:,} accepted; {gained:,} matches came. {left:,} of the chosen need a look of their own.")

    @admin.action(description="Nothing is known about it", permissions=["link"])
    def settle(self, request: HttpRequest, queryset: QuerySet[UnmatchedSoftware]) -> None:
        self._settle(request, queryset, settled=True)

    @admin.action(description="Put back on the worklist", permissions=["link"])
    def unsettle(self, request: HttpRequest, queryset: QuerySet[UnmatchedSoftware]) -> None:
        self._settle(request, queryset, settled=False)

    def _settle(self, request: HttpRequest, queryset: QuerySet[UnmatchedSoftware], *, settled: bool) -> None:
        changed = sum(actions.settle_software(software=software, settled=settled, **_who(request)) for software in queryset)
        self.message_user(request, f"{changed:,} {'off' if settled else 'back on'} the worklist.")


def _weaknesses(count: int) -> str:
    return f"{count:,} weakness{'' if count == 1 else 'es'}"


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user, "now": timezone.now(), "address": request.META.get("REMOTE_ADDR", "")}
