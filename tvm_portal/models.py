"""What the portal tells people: what happened, who wants to know, and what they were told."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from core.models import OutgoingMail
from inventory.models import MachineGroup


class Occurrence(models.Model):
    """Something that a rule may tell of, written once, in the order it was found. No foreign keys to what it is about, which may go."""

    kind = models.CharField(max_length=24, help_text="As tvm_portal.notifications.kinds knows it.")
    key = models.CharField(max_length=120, help_text="What makes it the same thing when it is found again.")
    at = models.DateTimeField(help_text="When it happened.")
    found_at = models.DateTimeField()
    subject = models.CharField(max_length=300, help_text="The name of what it is about.")
    reference = models.CharField(max_length=340, blank=True, help_text="The key or number of what it is about.")
    detail = models.CharField(max_length=300, blank=True)
    event_id = models.BigIntegerField(null=True, help_text="The line of the timeline it was made from.")
    weakness_ids = ArrayField(models.IntegerField(), default=list)
    severities = ArrayField(models.IntegerField(), default=list, help_text="Its weaknesses by severity, from none to critical.")
    severity = models.SmallIntegerField(default=0, help_text="The worst of its weaknesses.")
    threat = models.SmallIntegerField(
        default=0, db_default=0, help_text="Highest Weakness.Exploit among its weaknesses; 9: one is exploited in the wild."
    )
    groups = models.JSONField(
        null=True, help_text="Machine group -> [machines, impact] when it was found. NULL: not about machines, told to all."
    )
    rule = models.ForeignKey(
        "NotificationRule", on_delete=models.CASCADE, null=True, related_name="+", help_text="Worked out for this rule alone."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="an_occurrence_is_written_once")]
        indexes = [
            models.Index(fields=["-event_id"], condition=models.Q(event_id__isnull=False), name="occurrence_of_event"),
            models.Index(fields=["-at", "-id"], name="occurrence_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class NotificationRule(models.Model):
    """What is told to whom, and how often. A deleted one stays for a while, so that it can be brought back."""

    class Frequency(models.TextChoices):
        ONCE = "once", "At once"
        DAILY = "daily", "Once a day"
        WEEKLY = "weekly", "Once a week"

    class Naming(models.TextChoices):
        COUNTS = "counts", "Numbers of machines only"
        NAMES = "names", "Names of machines too"

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True)
    enabled = models.BooleanField(default=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    all_groups = models.BooleanField(default=True, help_text="All machine groups, also those of the future.")
    groups = models.ManyToManyField(MachineGroup, blank=True, related_name="+")
    kinds = ArrayField(models.CharField(max_length=24))
    severity = models.SmallIntegerField(default=0, help_text="New weaknesses count from this severity on.")
    impact = models.FloatField(default=1, help_text="Recommendations count from so many points on.")
    rise = models.FloatField(default=5, help_text="The score has risen once it rose by so many points in a day.")
    frequency = models.CharField(max_length=6, choices=Frequency, default=Frequency.ONCE)
    weekday = models.SmallIntegerField(default=0, help_text="0: Monday")
    hour = models.SmallIntegerField(default=8)
    time_zone = models.CharField(max_length=64, default="UTC")
    naming = models.CharField(max_length=6, choices=Naming, default=Naming.COUNTS)
    organisation = models.CharField(max_length=100, blank=True, help_text="Named in the subject of its mails.")
    read_up_to = models.BigIntegerField(default=0, help_text="The last occurrence that was considered.")
    next_at = models.DateTimeField(null=True, blank=True, help_text="The next digest.")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), condition=models.Q(deleted_at__isnull=True), name="a_notification_rule_name_once"),
            models.CheckConstraint(condition=models.Q(weekday__range=(0, 6), hour__range=(0, 23)), name="a_digest_has_a_day_and_an_hour"),
            models.CheckConstraint(condition=models.Q(severity__range=(0, 4)), name="a_rule_has_a_severity"),
        ]

    def __str__(self) -> str:
        return self.name


class NotificationRecipient(models.Model):
    """Who gets a rule's mails: an address, or a user of the portal at the address they have then."""

    rule = models.ForeignKey(NotificationRule, on_delete=models.CASCADE, related_name="recipients")
    address = models.EmailField(max_length=254, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    read_up_to = models.BigIntegerField(help_text="The last occurrence before they were added: nothing up to it is sent.")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "rule", Lower("address"), condition=models.Q(user__isnull=True), name="an_address_once_a_notification_rule"
            ),
            models.UniqueConstraint(
                fields=["rule", "user"], condition=models.Q(user__isnull=False), name="a_user_once_a_notification_rule"
            ),
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, address="") | models.Q(user__isnull=True) & ~models.Q(address=""),
                name="a_recipient_is_a_user_or_an_address",
            ),
        ]

    def __str__(self) -> str:
        return self.address or str(self.user)


class ToldOccurrence(models.Model):
    """That a rule told an address of an occurrence, by which mail: never twice."""

    rule = models.ForeignKey(NotificationRule, on_delete=models.CASCADE, related_name="+")
    occurrence = models.ForeignKey(Occurrence, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=254)
    mail = models.ForeignKey(OutgoingMail, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "occurrence", "address"], name="nobody_is_told_twice")]

    def __str__(self) -> str:
        return f"{self.occurrence_id} {self.address}"


class BellChoice(models.Model):
    """The kinds of notices that a user does not want in the bell."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="bell")
    hidden = ArrayField(models.CharField(max_length=24), default=list)

    def __str__(self) -> str:
        return str(self.user)
