"""Curation: names, groups, what people decide about machines; what reports said, to look things up.

What a report states is shown but not edited: the next report would put it back. An alias is how a name is corrected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from core import audit
from core.admin import Audited
from inventory import actions, agents, aliases
from inventory.alias_rules import fault_of_pattern
from inventory.errors import BadTag
from inventory.models import Agent, Alert, Configuration, IngestRun, Machine, MachineGroup, RejectedRecord, Software, SoftwareAlias, Version
from inventory.rules import fault_of_rule

if TYPE_CHECKING:  # the generics exist for the type checker only
    _Admin = admin.ModelAdmin[Any]
    _MachineAdmin = admin.ModelAdmin[Machine]
    _GroupAdmin = admin.ModelAdmin[MachineGroup]
    _VersionInline = admin.TabularInline[Version, Software]
    _RejectInline = admin.TabularInline[RejectedRecord, IngestRun]
    _GroupForm = forms.ModelForm[MachineGroup]
    _AliasForm = forms.ModelForm[SoftwareAlias]
    _MachineForm = forms.ModelForm[Machine]
else:
    _Admin = _MachineAdmin = _GroupAdmin = admin.ModelAdmin
    _VersionInline = _RejectInline = admin.TabularInline
    _GroupForm = _AliasForm = _MachineForm = forms.ModelForm

_INLINE_ROWS = 200


class LookOnly(_Admin):
    """What reports state: searched and read, never edited."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _who(request: HttpRequest) -> str:
    return request.user.get_username()


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


# --- names -----------------------------------------------------------------------------------------------------------


class AliasForm(_AliasForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        fault = fault_of_pattern(cleaned.get("match", ""), cleaned.get("name_pattern", ""))
        if fault:
            raise ValidationError({"name_pattern": fault})
        return cleaned


@admin.register(SoftwareAlias)
class SoftwareAliasAdmin(Audited):
    audited_as = "alias"
    form = AliasForm
    list_display = ("name_pattern", "match", "vendor_pattern", "family", "name", "vendor", "key", "shipped")
    list_filter = ("match", "family", "shipped", "category")
    search_fields = ("name_pattern", "key", "name", "vendor")
    ordering = ("order", "id")

    def save_model(self, request: HttpRequest, obj: SoftwareAlias, form: Any, change: bool) -> None:
        obj.shipped = False  # a curator's word stays through upgrades
        super().save_model(request, obj, form, change)
        aliases.rename_software()
        self.message_user(request, "Machines take the new name with their next report.", messages.INFO)


class VersionInline(_VersionInline):
    model = Version
    fields = readonly_fields = ("version", "platform", "support_ends_on", "first_seen", "matched_at")
    extra = 0
    can_delete = False
    verbose_name_plural = f"newest {_INLINE_ROWS} versions"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        versions: QuerySet[Version] = super().get_queryset(request)
        software_id = request.resolver_match.kwargs.get("object_id", 0) if request.resolver_match else 0
        newest = Version.objects.filter(software_id=software_id).order_by("-id").values_list("id", flat=True)[:_INLINE_ROWS]
        return versions.filter(id__in=list(newest)).order_by("-sort_key", "-id")


@admin.register(Software)
class SoftwareAdmin(LookOnly):
    list_display = ("name", "vendor", "ecosystem", "key", "category", "version_count", "installed_count", "exposed_count")
    list_filter = ("ecosystem", "support", "category")
    search_fields = ("name", "key__startswith", "vendor")
    ordering = ("-installed_count", "id")
    inlines = (VersionInline,)


# --- machines --------------------------------------------------------------------------------------------------------


class GroupForm(_GroupForm):
    def clean_rule(self) -> object:
        rule = self.cleaned_data["rule"]
        if fault := fault_of_rule(rule):
            raise ValidationError(fault)
        return rule


@admin.register(MachineGroup)
class MachineGroupAdmin(_GroupAdmin):
    form = GroupForm
    list_display = ("name", "rank", "description", "machine_count", "is_default")
    search_fields = ("name", "description")
    ordering = ("rank", "id")
    actions = ("regroup",)

    def save_model(self, request: HttpRequest, obj: MachineGroup, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        after = {name: form.cleaned_data[name] for name in form.changed_data}
        audit.record(by=_who(request), action="group.save", object=obj, now=timezone.now(), after=after, address=_address(request))
        self._regroup(request)

    def has_delete_permission(self, request: HttpRequest, obj: MachineGroup | None = None) -> bool:
        """The default group takes whom no rule takes, so it stays."""
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_default)

    def delete_model(self, request: HttpRequest, obj: MachineGroup) -> None:
        actions.delete_group(group=obj, by=_who(request), now=timezone.now(), address=_address(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[MachineGroup]) -> None:
        for group in queryset.filter(is_default=False):
            self.delete_model(request, group)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Machines do not hold a group back: they move to the next group whose rule takes them."""
        return [str(group) for group in objs], {}, set(), []

    @admin.action(description="Put every machine into its group by the rules")
    def regroup(self, request: HttpRequest, queryset: QuerySet[MachineGroup]) -> None:
        self._regroup(request)

    def _regroup(self, request: HttpRequest) -> None:
        moved = actions.regroup_machines(by=_who(request), now=timezone.now())
        self.message_user(request, f"{moved:,} machines moved to another group.")


class MachineForm(_MachineForm):
    def clean_tags(self) -> list[str]:
        try:
            return [actions.checked_tag(tag) for tag in self.cleaned_data["tags"] or []]
        except BadTag as error:
            raise ValidationError(str(error)) from error


@admin.register(Machine)
class MachineAdmin(_MachineAdmin):
    form = MachineForm
    list_display = ("name", "platform", "group", "value", "internet_facing", "excluded", "tags", "last_seen", "is_demo")
    list_filter = ("family", "value", "internet_facing", "excluded", "group", "is_demo")
    list_select_related = ("group",)
    search_fields = ("name", "external_id__exact", "domain")
    ordering = ("name", "id")
    show_full_result_count = False
    actions = ("make_high", "make_normal", "make_low", "leave_out", "take_in")
    _decided = ("value", "internet_facing", "excluded", "tags")

    def get_fields(self, request: HttpRequest, obj: Machine | None = None) -> Any:
        fields = Machine._meta.fields  # noqa: SLF001 - documented by Django
        return (*self._decided, *(field.name for field in fields if field.name not in (*self._decided, "digests", "bodies", "id")))

    def get_readonly_fields(self, request: HttpRequest, obj: Machine | None = None) -> Any:
        return [name for name in self.get_fields(request, obj) if name not in self._decided]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Machine | None = None) -> bool:
        """A machine that is gone falls silent and out of the scores by itself; excluding one is how to speed that up."""
        return False

    def save_model(self, request: HttpRequest, obj: Machine, form: Any, change: bool) -> None:
        """Each decision is its own audited action."""
        stored = Machine.objects.get(pk=obj.pk)
        common: dict[str, Any] = {"by": _who(request), "now": timezone.now(), "address": _address(request)}
        actions.set_machine_value(machines=[stored], value=obj.value, **common)
        actions.set_internet_facing(machines=[stored], internet_facing=obj.internet_facing, **common)
        actions.exclude_machines(machines=[stored], excluded=obj.excluded, **common)
        actions.tag_machine(machine=stored, add=obj.tags, remove=[tag for tag in stored.tags if tag not in obj.tags], **common)

    @admin.action(description="Value: High")
    def make_high(self, request: HttpRequest, queryset: QuerySet[Machine]) -> None:
        self._value(request, queryset, Machine.Value.HIGH)

    @admin.action(description="Value: Normal")
    def make_normal(self, request: HttpRequest, queryset: QuerySet[Machine]) -> None:
        self._value(request, queryset, Machine.Value.NORMAL)

    @admin.action(description="Value: Low")
    def make_low(self, request: HttpRequest, queryset: QuerySet[Machine]) -> None:
        self._value(request, queryset, Machine.Value.LOW)

    @admin.action(description="Leave out of scores and counts")
    def leave_out(self, request: HttpRequest, queryset: QuerySet[Machine]) -> None:
        self._exclude(request, queryset, excluded=True)

    @admin.action(description="Take into scores and counts again")
    def take_in(self, request: HttpRequest, queryset: QuerySet[Machine]) -> None:
        self._exclude(request, queryset, excluded=False)

    def _value(self, request: HttpRequest, queryset: QuerySet[Machine], value: Machine.Value) -> None:
        count = actions.set_machine_value(
            machines=list(queryset), value=value, by=_who(request), now=timezone.now(), address=_address(request)
        )
        self.message_user(request, f"{count:,} machines changed.")

    def _exclude(self, request: HttpRequest, queryset: QuerySet[Machine], *, excluded: bool) -> None:
        count = actions.exclude_machines(
            machines=list(queryset), excluded=excluded, by=_who(request), now=timezone.now(), address=_address(request)
        )
        self.message_user(request, f"{count:,} machines changed.")


# --- checks and alerts -----------------------------------------------------------------------------------------------


@admin.register(Configuration)
class ConfigurationAdmin(_Admin):
    list_display = ("key", "name", "category", "subcategory", "impact", "source", "is_demo")
    list_filter = ("category", "source", "is_demo")
    search_fields = ("name", "external_id__startswith", "cce__exact")
    readonly_fields = ("source", "external_id", "is_demo")
    ordering = ("id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Results lean on it; one that no report names any more ages out by itself."""
        return False

    def save_model(self, request: HttpRequest, obj: Configuration, form: Any, change: bool) -> None:
        """What a curator sets stays: reports describe the rest of the check."""
        stored = Configuration.objects.get(pk=obj.pk)
        after = {name: value for name, value in form.cleaned_data.items() if getattr(stored, name) != value}
        obj.curated = sorted({*stored.curated, *after})
        super().save_model(request, obj, form, change)
        audit.record(by=_who(request), action="check.save", object=obj, now=timezone.now(), after=after, address=_address(request))


@admin.register(Alert)
class AlertAdmin(Audited):
    audited_as = "alert"
    list_display = ("title", "machine", "cve", "severity", "source", "opened_at", "closed_at")
    list_filter = ("severity", "source", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("machine",)
    search_fields = ("title", "cve__exact", "machine__name__startswith", "external_id__exact")
    autocomplete_fields = ("machine",)
    ordering = ("-opened_at", "-id")


# --- reports ---------------------------------------------------------------------------------------------------------


class RejectInline(_RejectInline):
    model = RejectedRecord
    fields = readonly_fields = ("place", "reason", "excerpt")
    extra = 0
    can_delete = False
    ordering = ("id",)
    verbose_name_plural = "rejected records (at most 1,000 are kept)"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(IngestRun)
class IngestRunAdmin(LookOnly):
    list_display = (
        "started_at", "source", "label", "state", "machines", "machines_unchanged", "added", "changed", "removed", "results", "alerts",
        "findings", "rejected",
    )  # fmt: skip
    list_filter = ("state", "source", "started_at")
    search_fields = ("label", "error")
    ordering = ("-started_at", "-id")
    inlines = (RejectInline,)


# --- agents ----------------------------------------------------------------------------------------------------------


@admin.register(Agent)
class AgentAdmin(LookOnly):
    """Agents that report here directly. They come by enrolling, and are turned away rather than deleted."""

    list_display = ("machine_name", "system", "agent_version", "enrolled_at", "last_seen", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "last_seen")
    search_fields = ("machine_name",)
    ordering = ("-last_seen", "-id")
    actions = ("revoke", "readmit")

    @admin.display(description="System")
    def system(self, agent: Agent) -> str:
        system = agent.details.get("os_version", {})
        return f"{system.get('name', '')} {system.get('version', '')}".strip()

    @admin.display(description="osquery")
    def agent_version(self, agent: Agent) -> str:
        return str(agent.details.get("osquery_info", {}).get("version", ""))

    @admin.action(description="Turn away")
    def revoke(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        self._each(request, queryset, agents.revoke_agent, "What these agents post is refused from now on.")

    @admin.action(description="Let in again")
    def readmit(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        self._each(request, queryset, agents.readmit_agent, "These agents may report again.")

    def _each(self, request: HttpRequest, queryset: QuerySet[Agent], action: Any, sentence: str) -> None:
        if not request.user.has_perm("inventory.change_agent"):
            raise PermissionDenied
        for agent in queryset:
            action(agent=agent, by=_who(request), now=timezone.now(), address=_address(request))
        self.message_user(request, sentence, messages.SUCCESS)
