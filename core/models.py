"""Users, tokens and the audit trail."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from core.permissions import Access, Permission


class User(AbstractUser):
    class Theme(models.TextChoices):
        SYSTEM = "system", "Like the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", "Comfortable"
        COMPACT = "compact", "Compact"

    class Shortcuts(models.TextChoices):
        OFF = "off", "Off"
        PAGES = "pages", "Search, help and pages"
        LISTS = "lists", "Also j and k in lists"

    theme = models.CharField(max_length=10, choices=Theme, default=Theme.SYSTEM)
    density = models.CharField(max_length=12, choices=Density, default=Density.COMFORTABLE)
    time_zone = models.CharField(max_length=64, blank=True, help_text="Empty: the browser's.")
    shortcuts = models.CharField(max_length=5, choices=Shortcuts, default=Shortcuts.PAGES, db_default=Shortcuts.PAGES)
    rail_collapsed = models.BooleanField(default=False, db_default=False, help_text="The navigation shows icons without labels.")
    notices_seen_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Notices up to here are read.")

    kept_access: Access | None = None  # what the roles allow, once it was read; see core.access

    @property
    def display_name(self) -> str:
        """What others call them: the full name, or what they sign in as."""
        return self.get_full_name() or self.get_username()


class Role(models.Model):
    """What its holders may do. The built-in ones (`key`) come with the portal and stay."""

    key = models.CharField(max_length=20, blank=True, editable=False, help_text="Of a built-in role; empty for the others.")
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=300, blank=True)
    permissions = ArrayField(models.CharField(max_length=20, choices=Permission), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="a_role_name_once"),
            models.UniqueConstraint(fields=["key"], condition=~models.Q(key=""), name="a_built_in_role_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def built_in(self) -> bool:
        return bool(self.key)


class RoleBinding(models.Model):
    """Who holds a role, a user or a group of users, and for which machine groups (null: all, those of tomorrow too)."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="bindings")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="role_bindings")
    user_group = models.ForeignKey(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="role_bindings")
    machine_groups = ArrayField(models.BigIntegerField(), null=True, blank=True, help_text="Ids; a deleted machine group is taken out.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(user__isnull=True) ^ models.Q(user_group__isnull=True), name="a_role_is_held_by_one"),
            models.UniqueConstraint(fields=["role", "user"], name="a_user_holds_a_role_once"),
            models.UniqueConstraint(fields=["role", "user_group"], name="a_user_group_holds_a_role_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.user or self.user_group}"


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is kept; the token itself is shown once."""

    class Scope(models.TextChoices):
        INGEST = "ingest", "Post inventory reports"
        READ = "read", "Read data"
        ENROL = "enrol", "Enrol osquery agents"

    name = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.INGEST)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class SavedView(models.Model):
    """A list with its filters, order and columns under a name. A deleted one stays for a while, so that it can be brought back."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    list_name = models.CharField(max_length=40, help_text="As core.saved.LISTS knows it.")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=4000, help_text="The list's query string, as ListState.view_query writes it.")
    shared = models.BooleanField(default=False, help_text="Everybody sees it; only its owner changes it.")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner", "list_name", Lower("name"), condition=models.Q(deleted_at__isnull=True), name="a_view_name_once_an_owner_and_list"
            ),
        ]
        indexes = [
            models.Index(fields=["list_name"], condition=models.Q(shared=True, deleted_at__isnull=True), name="shared_views_of_list"),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultView(models.Model):
    """The saved view that a user's list opens with."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="default_views")
    list_name = models.CharField(max_length=40)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "list_name"], name="one_default_view_a_list")]

    def __str__(self) -> str:
        return f"{self.user} {self.list_name}"


class AuditEvent(models.Model):
    """Who changed what, before and after. No foreign keys, so that it outlives everything it names.

    Rows are only ever added: the database refuses to change or delete them (migration 0006).
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=255)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    address = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest_first"),
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_of_one_object"),
            models.Index(fields=["actor", "-at", "-id"], name="audit_of_one_person"),
            models.Index(fields=["action", "-at", "-id"], name="audit_of_one_action"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.object_type} {self.object_id}"


class OutgoingMail(models.Model):
    """The outbox: one mail to one address, as it is sent, with every attempt. `key` is its Message-ID at every attempt."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    key = models.UUIDField(unique=True)
    about = models.CharField(max_length=60, help_text="What it is about, as type:number.")
    address = models.EmailField(max_length=254)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.JSONField(default=list, help_text="[{at, error}]: error is empty where it was sent, and missing where nobody knows.")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="The next attempt; of one that is being sent, when somebody else may take it over.")
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], condition=models.Q(state__in=("waiting", "sending")), name="mail_due"),
            models.Index(fields=["about", "-id"], name="mails_about_one_thing"),
            models.Index(fields=["-created_at", "-id"], name="mail_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.address})"
