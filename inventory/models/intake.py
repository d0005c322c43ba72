"""Who reports, and the account of what was read."""

from __future__ import annotations

from django.db import models


class Agent(models.Model):
    """An osquery agent that reports here directly. Only the SHA-256 of its key is kept."""

    machine_name = models.CharField(max_length=255, unique=True, help_text="The host identifier it enrolled with.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    details = models.JSONField(default=dict, blank=True, help_text="What it said of itself when it enrolled.")
    enrolled_at = models.DateTimeField()
    last_seen = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.machine_name


class IngestRun(models.Model):
    """One report or file: what was read, changed and refused."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    source = models.CharField(max_length=40)
    label = models.CharField(max_length=300, help_text="File or sender.")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    machines = models.PositiveIntegerField(default=0)
    machines_unchanged = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    results = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Results of configuration checks that are new, changed or gone."
    )
    alerts = models.PositiveIntegerField(default=0, db_default=0, help_text="Alerts that were opened, closed or changed.")
    findings = models.PositiveIntegerField(default=0, db_default=0, help_text="Second opinions that are new, changed or gone.")
    rejected = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["-started_at", "-id"], name="ingest_newest_first")]

    def __str__(self) -> str:
        return f"{self.source} {self.label}"


class RejectedRecord(models.Model):
    """A record that could not be used: where it stood, why, and its beginning."""

    run = models.ForeignKey(IngestRun, on_delete=models.CASCADE, related_name="rejects")
    place = models.CharField(max_length=100, help_text="Line, element or record number.")
    reason = models.CharField(max_length=300)
    excerpt = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"
