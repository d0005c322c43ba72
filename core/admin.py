"""Users, tokens and the audit trail."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from axes.models import AccessAttempt
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core import audit, role_actions, tokens
from core.models import ApiToken, AuditEvent, User

if TYPE_CHECKING:  # the generics exist for the type checker only
    _Admin = admin.ModelAdmin[Any]
    _TokenAdmin = admin.ModelAdmin[ApiToken]
    _AuditAdmin = admin.ModelAdmin[AuditEvent]
    _UserAdmin = DjangoUserAdmin[User]
    _TokenForm = forms.ModelForm[ApiToken]
else:
    _Admin = _TokenAdmin = _AuditAdmin = admin.ModelAdmin
    _UserAdmin = DjangoUserAdmin
    _TokenForm = forms.ModelForm

admin.site.site_header = admin.site.site_title = "TVM Portal curation"
admin.site.index_title = "Names, matches, weights and people"


class LookOnly(_Admin):
    """Searched and read, never edited."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class Audited(_Admin):
    """What is saved or deleted here is in the audit log under `audited_as`."""

    audited_as = ""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        after = {name: _plain(form.cleaned_data.get(name)) for name in form.changed_data}
        before = {name: _plain(form.initial.get(name)) for name in after} if change else {}
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            audit.record(action=f"{self.audited_as}.save", object=obj, before=before, after=after, **who(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            audit.record(action=f"{self.audited_as}.delete", object=obj, before={"name": str(obj)}, **who(request))
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)


def who(request: HttpRequest) -> dict[str, Any]:
    """Actor and time of a change, as actions and the audit trail take them."""
    return {"by": request.user.get_username(), "now": timezone.now()}


@admin.register(User)
class UserAdmin(_UserAdmin):
    """Names, groups of users and superusers. Roles are given, and accounts deactivated, under Settings, Roles and users."""

    list_display = ("username", "first_name", "last_name", "email", "is_superuser", "is_active", "last_login")
    list_filter = ("is_superuser", "is_active", "groups")
    ordering = ("username",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_superuser", "groups")}),
        ("Looks", {"fields": ("theme", "density", "time_zone")}),
    )
    filter_horizontal = ("groups",)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            after = {name: _plain(form.cleaned_data.get(name)) for name in form.changed_data if "password" not in name}
            before = {name: _plain(form.initial.get(name)) for name in after} if change else {}
            audit.record(action="user.change" if change else "user.create", object=obj, before=before, after=after, **who(request))

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        """A form that leaves an administrator."""
        plain = super().get_form(request, obj, change=change, **kwargs)
        if obj is None:
            return plain

        known = obj

        class Guarded(plain):  # type: ignore[misc, valid-type]
            def clean(self) -> Any:
                values = super().clean()
                stays = values.get("is_active") and (values.get("is_superuser") or not known.is_superuser)
                if not stays and not role_actions.administrators().exclude(pk=known.pk).exists():
                    raise ValidationError(role_actions.LAST)
                return values

        return Guarded

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's name
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            audit.record(action="user.set_password", object=f"user {id}", **who(request))
        return response

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody deletes themselves, nor the last administrator."""
        if obj is not None and (obj.pk == request.user.pk or not role_actions.administrators().exclude(pk=obj.pk).exists()):
            return False
        return bool(super().has_delete_permission(request, obj))

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        with transaction.atomic():
            audit.record(action="user.delete", object=obj, before={"username": obj.username}, **who(request))
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            if self.has_delete_permission(request, user):
                self.delete_model(request, user)


admin.site.unregister(Group)


@admin.register(Group)
class UserGroupAdmin(Audited):
    """Groups of users: who is in them is set on the page of each user, what they may do under Settings, Roles and users."""

    audited_as = "user_group"
    fields = ("name",)
    search_fields = ("name",)
    ordering = ("name",)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        with transaction.atomic():
            members = list(User.objects.filter(groups=obj).order_by("username").values_list("username", flat=True))
            audit.record(action="user_group.delete", object=obj, before={"name": obj.name, "members": members}, **who(request))
            obj.delete()


def _plain(value: Any) -> Any:
    """A form's value as the audit trail keeps it."""
    if isinstance(value, (list, tuple, QuerySet)):
        return [str(part) for part in value]
    return value if isinstance(value, bool) else str(value)


class TokenForm(_TokenForm):
    days = forms.IntegerField(
        required=False, min_value=1, max_value=3650, label="Days it is valid", help_text="Empty: until it is revoked."
    )

    class Meta:
        model = ApiToken
        fields = ("name", "scope")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if ApiToken.objects.filter(name=name).exists():
            raise ValidationError("A token of this name exists.")
        return name


@admin.register(ApiToken)
class TokenAdmin(_TokenAdmin):
    """Tokens are made and revoked, never edited or deleted: what posted data stays known."""

    form = TokenForm
    list_display = ("name", "scope", "created_by", "created_at", "expires_at", "revoked_at")
    list_filter = ("scope", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("created_by",)
    search_fields = ("name",)
    ordering = ("-created_at", "-id")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return super().has_view_permission(request, obj) or super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        return ("name", "scope", "days") if obj is None else ("name", "scope", "created_by", "created_at", "expires_at", "revoked_at")

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Make the token through the action, and show its text this once."""
        actor = who(request)
        days = form.cleaned_data.get("days")
        made, text = tokens.make_token(
            name=obj.name,
            scope=obj.scope,
            by=actor["by"],
            now=actor["now"],
            user=request.user if isinstance(request.user, User) else None,
            expires_at=actor["now"] + dt.timedelta(days=days) if days else None,
        )
        obj.pk = made.pk
        self.message_user(request, f"Keep this token, it is not shown again: {text}", messages.WARNING)

    @admin.action(description="Revoke", permissions=["add"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        actor = who(request)
        with transaction.atomic():
            for token in chosen.filter(revoked_at=None).select_for_update(of=("self",)).order_by("pk"):
                token.revoked_at = actor["now"]
                token.save(update_fields=["revoked_at"])
                audit.record(action="token.revoke", object=token, after={"name": token.name}, **actor)
        self.message_user(request, "What these tokens post is refused from now on.", messages.SUCCESS)


@admin.register(AuditEvent)
class AuditEventAdmin(LookOnly):
    list_display = ("at", "actor", "action", "object_type", "object_id", "address")
    list_filter = ("action", "object_type", "at")
    search_fields = ("=actor", "=object_id")
    ordering = ("-at", "-id")


class AttemptAdmin(Audited):
    """Names and addresses that signed in wrongly. Deleting one lets them try again at once."""

    audited_as = "failed_sign_in"
    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    search_fields = ("username", "ip_address")
    ordering = ("-attempt_time", "-id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


admin.site.register(AccessAttempt, AttemptAdmin)
