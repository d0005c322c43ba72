"""Users, tokens and the audit trail."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


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


class AuditEvent(models.Model):
    """Who changed what, before and after. No foreign keys, so that it outlives everything it names."""

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
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.object_type} {self.object_id}"
