"""Asking for a fix: activities, the machines they target, tickets and their deliveries."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.models import Machine
from recommendations.models import Recommendation


class Activity(models.Model):
    """A request to fix something. Nothing is ever changed on a machine by it."""

    class Status(models.TextChoices):
        ACTIVE = "active", "In progress"
        COMPLETED = "completed", "Completed"

    class Priority(models.TextChoices):
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    class Reach(models.TextChoices):
        ALL = "all", "All exposed machines"
        UNDISTURBED = "undisturbed", "Only machines without user impact"

    class Completion(models.TextChoices):
        MANUAL = "manual", "By hand"
        AUTOMATIC = "automatic", "System confirmation"

    id = models.UUIDField(primary_key=True)
    recommendation = models.ForeignKey(Recommendation, on_delete=models.PROTECT, related_name="activities")
    title = models.CharField(max_length=300)
    component = models.CharField(max_length=200, blank=True)
    group_names = ArrayField(models.CharField(max_length=200), default=list, blank=True, help_text="As they were called then.")
    aims = models.JSONField(
        default=list,
        blank=True,
        help_text="[{platform, version, key}]: what counts as done, whatever becomes known later. Empty: not needed.",
    )
    kind = models.CharField(max_length=14, choices=Recommendation.Kind)
    reach = models.CharField(max_length=11, choices=Reach, default=Reach.ALL, db_default=Reach.ALL)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    priority = models.CharField(max_length=6, choices=Priority)
    due_on = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    completed_by = models.CharField(max_length=254, blank=True)
    completion = models.CharField(max_length=10, choices=Completion, blank=True)
    target_count = models.PositiveIntegerField(default=0)
    fixed_count = models.PositiveIntegerField(default=0)
    fixed_within = ArrayField(
        models.PositiveIntegerField(),
        default=list,
        blank=True,
        db_default=models.Value([], output_field=ArrayField(models.PositiveIntegerField())),
        help_text="Targets fixed within so many days of the request, by rules.MARKS. Empty: none yet.",
    )

    class Meta:
        verbose_name_plural = "activities"
        indexes = [models.Index(fields=["status", "due_on"], name="activity_by_due_date")]
        constraints = [
            models.CheckConstraint(condition=models.Q(fixed_count__lte=models.F("target_count")), name="no_more_fixed_than_targeted"),
            models.CheckConstraint(condition=models.Q(status="active") | models.Q(completed_at__isnull=False), name="completed_has_a_time"),
        ]

    def __str__(self) -> str:
        return self.title


class ActivityTarget(models.Model):
    """A machine targeted when the request was made."""

    pk = models.CompositePrimaryKey("activity_id", "machine_id")
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, db_index=False, related_name="targets")
    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="+")
    fixed_at = models.DateTimeField(null=True, blank=True)


class TicketConnection(models.Model):
    """A ticket system that was set up. Secrets are encrypted; `secrets` holds {name: {"kept": ..., "at": ISO time}}."""

    system = models.CharField(max_length=30, unique=True)
    enabled = models.BooleanField(default=False)
    values = models.JSONField(default=dict, blank=True)
    secrets = models.JSONField(default=dict, blank=True)
    allow_private = models.BooleanField(default=False, help_text="Addresses inside the own network may be called.")
    tested_at = models.DateTimeField(null=True, blank=True)
    findings = models.JSONField(default=list, blank=True, help_text="[{step, good, detail}] of the last test.")
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.TextField(blank=True)
    paused_until = models.DateTimeField(null=True, blank=True, help_text="The other side asked for a pause.")
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.system


class Ticket(models.Model):
    """The activity in another system, or in the queue of the portal itself."""

    class State(models.TextChoices):
        CREATING = "creating", "Creating"
        PENDING = "pending", "Pending approval"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Not available"

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="tickets")
    provider = models.CharField(max_length=30)
    key = models.UUIDField(unique=True, help_text="The same for every try of making it.")
    state = models.CharField(max_length=10, choices=State, default=State.CREATING)
    external_id = models.CharField(max_length=255, blank=True)
    url = models.CharField(max_length=500, blank=True)
    said = models.CharField(max_length=200, blank=True, help_text="The other side's own word for its state.")
    notes = models.TextField(blank=True, help_text="What the other side's notes were when last read.")
    error = models.TextField(blank=True, help_text="Why it could not be made, or read last.")
    sent_count = models.PositiveIntegerField(null=True, blank=True, help_text="Machines that it names, where that is not all.")
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    next_read_at = models.DateTimeField(null=True, blank=True)
    read_tries = models.PositiveSmallIntegerField(default=0, help_text="Readings in a row that did not work.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["activity", "provider"], name="one_ticket_a_provider")]
        indexes = [
            models.Index(fields=["next_read_at"], condition=models.Q(next_read_at__isnull=False), name="ticket_to_be_read"),
            models.Index(fields=["provider", "state", "created_at"], name="ticket_by_provider_and_state"),
            models.Index(fields=["provider", "external_id"], name="ticket_by_external_id"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} ({self.provider})"


class TicketNote(models.Model):
    """What one side said to the other, or what happened to the ticket."""

    class Side(models.TextChoices):
        OURS = "ours", "Security"
        THEIRS = "theirs", "IT"
        PORTAL = "portal", "Portal"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="conversation")
    side = models.CharField(max_length=6, choices=Side)
    author = models.CharField(max_length=150, blank=True)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["ticket", "at"], name="note_of_ticket")]

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:60]}"


class Delivery(models.Model):
    """The outbox: something to tell another system, every attempt kept.

    `attempts`: [{started, ended, outcome, sentence, next}], written before the call and completed after it. `tries` counts those
    since somebody last asked for it again. A worker holds it until `leased_until`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Delivered"
        FAILED = "failed", "Failed"

    class Verb(models.TextChoices):
        CREATE = "create", "Open the ticket"
        TELL = "tell", "Tell what happened"

    key = models.UUIDField(unique=True, help_text="Idempotency key.")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="deliveries")
    verb = models.CharField(max_length=30, choices=Verb)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    attempts = models.JSONField(default=list)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["-created_at", "-id"], name="delivery_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.key}"


class InboundMessage(models.Model):
    """A message that a system pushed to us, kept so that it counts once."""

    provider = models.CharField(max_length=30)
    message_id = models.CharField(max_length=255)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "message_id"], name="a_message_counts_once")]
        indexes = [models.Index(fields=["received_at"], name="message_by_time")]

    def __str__(self) -> str:
        return f"{self.provider} {self.message_id}"
