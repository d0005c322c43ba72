"""Machines by the worst of their weaknesses, for the report on vulnerable machines."""

from __future__ import annotations

from django.db import models

from inventory.models import Machine, MachineGroup, Version

WORST = models.F("severity") * 10 + models.F("exploit")  # by severity, then by exploit, in one number that an index holds


class VersionRisk(models.Model):
    """The worst of a version's weaknesses, as the last full run found it. `exploit`: see MachineRisk. Severity -1: it has moved since."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, primary_key=True, related_name="+")
    severity = models.SmallIntegerField()
    exploit = models.SmallIntegerField()
    published_on = models.DateField(null=True)


class MachineRisk(models.Model):
    """A scored machine's worst severity, highest exploit and oldest publication over all its weaknesses; NULL where it has none.

    `counted_on` is `published_on` as RiskStat counts it.
    """

    class Exploit(models.IntegerChoices):
        NONE = 0, "No known exploit"
        PUBLIC = 1, "Exploit available"
        VERIFIED = 2, "Verified, in a kit or exploited"

    machine = models.OneToOneField(Machine, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="risk")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    signature = models.BigIntegerField(help_text="MachineBasis.signature of the contents that this rests on.")
    severity = models.SmallIntegerField(null=True)
    exploit = models.SmallIntegerField(null=True, choices=Exploit)
    published_on = models.DateField(null=True)
    counted_on = models.DateField()
    platform = models.CharField(max_length=40, help_text="Family or distribution, without its release.")
    release = models.CharField(max_length=120, blank=True, help_text="Feature release of Windows; empty elsewhere.")

    class Meta:
        indexes = [
            models.Index(WORST.desc(), "machine", condition=models.Q(severity__isnull=False), name="machine_risk_worst"),
            models.Index(fields=["published_on", "machine"], condition=models.Q(severity__isnull=False), name="machine_risk_oldest_first"),
        ]


class RiskStat(models.Model):
    """Machines of a group with weaknesses, each counted once. Days long gone are all date.min, an unknown day is date.max."""

    pk = models.CompositePrimaryKey("group_id", "severity", "exploit", "counted_on", "platform", "release")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    severity = models.SmallIntegerField()
    exploit = models.SmallIntegerField()
    counted_on = models.DateField()
    platform = models.CharField(max_length=40)
    release = models.CharField(max_length=120)
    machines = models.IntegerField()


class RiskDay(models.Model):
    """RiskStat at the end of a day. `age`: see risk_rules.Age."""

    pk = models.CompositePrimaryKey("day", "group_id", "severity", "exploit", "age", "platform", "release")
    day = models.DateField()
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    severity = models.SmallIntegerField()
    exploit = models.SmallIntegerField()
    age = models.SmallIntegerField()
    platform = models.CharField(max_length=40)
    release = models.CharField(max_length=120)
    machines = models.IntegerField()
