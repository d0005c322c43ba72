"""Where it is learnt from, and the events that came of it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.models import Configuration, Software


class Feed(models.Model):
    """What is remembered of a feed between runs: validators, cursors, switches."""

    kind = models.CharField(max_length=30, primary_key=True)
    enabled = models.BooleanField(
        null=True,
        blank=True,
        choices=[(None, "As needed"), (True, "On"), (False, "Off")],
        help_text="A curator's word on the schedule; as needed: the feed and what machines report decide.",
    )
    address = models.CharField(max_length=500, blank=True, help_text="A mirror; empty: the publisher.")
    resources = models.JSONField(default=dict, editable=False, help_text="Per file: ETag, Last-Modified, digest, cursor.")
    checked_at = models.DateTimeField(null=True, editable=False)
    changed_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.kind


class FeedRun(models.Model):
    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        UNCHANGED = "unchanged", "Nothing new"
        FAILED = "failed", "Failed"

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    origin = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    read = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["feed", "-started_at", "-id"], name="feed_run_newest_first")]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.started_at:%Y-%m-%d %H:%M}"


class FeedReject(models.Model):
    """A record of a feed that could not be used."""

    run = models.ForeignKey(FeedRun, on_delete=models.CASCADE, related_name="rejects")
    place = models.CharField(max_length=200)
    reason = models.CharField(max_length=300)
    excerpt = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Event(models.Model):
    """A line of the timeline: risk that arrived, or what was done about it."""

    class Kind(models.TextChoices):
        NEW_WEAKNESS = "new_weakness", "New vulnerability"
        NEW_EXPLOIT = "new_exploit", "New public exploit"
        VERIFIED = "verified", "Exploit was verified"
        KIT = "kit", "Exploit added to an exploit kit"
        EXPLOITED = "exploited", "Exploited in the wild"
        NEW_CONFIGURATION = "new_configuration", "New configuration assessment"
        END_OF_SUPPORT = "end_of_support", "Support ended"
        FIXED = "fixed", "Fixed"

    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    software = models.ForeignKey(Software, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    configuration = models.ForeignKey(Configuration, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    weakness_ids = ArrayField(models.IntegerField(), default=list)
    machines = models.PositiveIntegerField(null=True, blank=True, help_text="Machines impacted when it happened.")
    machines_total = models.PositiveIntegerField(null=True, blank=True)
    score_change = models.FloatField(default=0, help_text="Points of the exposure score, up is worse.")

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="event_newest_first"),
            models.Index(fields=["software", "-at"], name="event_of_software"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.kind}"
