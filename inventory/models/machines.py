"""Machines, their groups, and which of them wait to be scored."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower


class MachineGroup(models.Model):
    """Machines that match a rule. The highest rank (1) wins; the rest are in the one default group."""

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=300, blank=True)
    rank = models.PositiveIntegerField(null=True, blank=True, unique=True)
    rule = models.JSONField(
        default=list,
        blank=True,
        help_text='All must hold: [{"field": "name|domain|tag|platform", "operator": "equals|starts|ends|contains", "value": "..."}]',
    )
    is_default = models.BooleanField(default=False, editable=False)
    machine_count = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=models.Q(is_default=True), name="one_default_group"),
            models.CheckConstraint(condition=models.Q(is_default=True) | models.Q(rank__isnull=False), name="a_group_has_a_rank"),
        ]

    def __str__(self) -> str:
        return self.name


class Machine(models.Model):
    class Value(models.IntegerChoices):
        LOW = 0, "Low"
        NORMAL = 1, "Normal"
        HIGH = 2, "High"

    class Family(models.TextChoices):
        WINDOWS = "windows", "Windows"
        MACOS = "macos", "macOS"
        LINUX = "linux", "Linux"
        OTHER = "other", "Other"

    id = models.AutoField(primary_key=True)
    external_id = models.CharField(max_length=255, help_text="The host's identifier in its reports.")
    name = models.CharField(max_length=255)
    domain = models.CharField(max_length=255, blank=True)
    family = models.CharField(max_length=10, choices=Family, default=Family.OTHER)
    platform = models.CharField(max_length=40, blank=True, help_text="Family, or distribution and release: windows, debian-12.")
    os_name = models.CharField(max_length=120, blank=True)
    os_version = models.CharField(max_length=80, blank=True)
    os_build = models.CharField(max_length=40, blank=True)
    architecture = models.CharField(max_length=20, blank=True)
    ip_addresses = ArrayField(models.CharField(max_length=45), default=list, blank=True)
    group = models.ForeignKey(MachineGroup, on_delete=models.PROTECT, db_index=False, related_name="machines")
    value = models.SmallIntegerField(choices=Value, default=Value.NORMAL)
    internet_facing = models.BooleanField(default=False)
    excluded = models.BooleanField(default=False, help_text="Left out of every score and count.")
    tags = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    is_demo = models.BooleanField(default=False, editable=False)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    digests = models.JSONField(default=dict, editable=False, help_text="Part of the report (facts, deb, ...) -> digest last applied.")
    bodies = ArrayField(
        models.CharField(max_length=32), default=list, db_default=[], editable=False, help_text="Posts that say what is stored: digests."
    )

    class Meta:
        constraints = [
            # Not `unique` of the field, which would add an index for LIKE that nothing asks.
            models.UniqueConstraint(fields=["external_id"], name="a_machine_exists_once"),
        ]
        # One for each order of the list. None on last_seen, which every report moves: the row could not be changed in place any more.
        indexes = [
            models.Index(fields=["group", "id"], name="machine_by_group"),
            models.Index(fields=["domain", "id"], name="machine_by_domain"),
            models.Index(fields=["os_name", "id"], name="machine_by_system"),
            models.Index(fields=["os_version", "id"], name="machine_by_release"),
            models.Index(fields=["value", "id"], name="machine_by_value"),
            models.Index(fields=["family", "id"], name="machine_by_family"),
            models.Index(fields=["id"], condition=models.Q(internet_facing=True), name="machine_facing"),
            models.Index(fields=["id"], condition=models.Q(excluded=True), name="machine_excluded"),
            models.Index(Lower("name"), "id", name="machine_by_name"),
            models.Index(models.F("group"), OpClass(Lower("name"), name="text_pattern_ops"), name="machine_name_starts"),
            models.Index(fields=["is_demo"], condition=models.Q(is_demo=True), name="machine_demo"),
            GinIndex(fields=["tags"], name="machine_by_tag"),
            GinIndex(fields=["ip_addresses"], name="machine_by_address"),
        ]

    def __str__(self) -> str:
        return self.name


class DirtyMachine(models.Model):
    """A machine whose exposures must be rebuilt. Taken in batches with SKIP LOCKED."""

    machine = models.OneToOneField(Machine, on_delete=models.CASCADE, primary_key=True, db_constraint=False, related_name="+")
    since = models.DateTimeField()
