"""What the stored figures were computed from, so that a run finds what differs now."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.models import Machine, MachineGroup, Software, Version


class MachineBasis(models.Model):
    """What a machine's scores were last computed from.

    A run compares `signature` with the installations and results as they are now, rebuilds the machines that
    differ, and takes exactly what they contributed before out of every sum.
    """

    # Outlives its machine, so that the next run can take a deleted machine out of the sums.
    machine = models.OneToOneField(Machine, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    signature = models.BigIntegerField(help_text="Sum of hashes over installations and results; does not depend on their order.")
    versions = ArrayField(models.IntegerField(), default=list)
    passing = ArrayField(models.IntegerField(), default=list, help_text="Configuration ids.")
    failing = ArrayField(models.IntegerField(), default=list, help_text="Configuration ids.")
    check_weight = models.FloatField(default=0, help_text="Sum of the impacts of passing and failing.")
    alerted = models.BooleanField(default=False)
    likelihood_after = models.FloatField(help_text="b with what mitigating exceptions cover passing.")
    base = models.FloatField(help_text="H / b")
    exposures = models.IntegerField(help_text="Recommendations that apply.")
    exploit = models.SmallIntegerField(help_text="Highest Weakness.Exploit of what it is exposed to.")
    exploited = models.BooleanField()
    step = models.BigIntegerField(
        default=0, help_text="The computation that rebuilt it; a full run does so for all, without writing it here."
    )

    class Meta:
        indexes = [models.Index(fields=["machine"], condition=models.Q(versions=[]), name="machine_basis_bare")]


class VersionBasis(models.Model):
    """What the scores of every carrier of a version were last computed from, as one number."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, primary_key=True, related_name="+")
    signature = models.BigIntegerField(help_text="Hash over its weaknesses, their risk, their exploits and their remedies.")


class SoftwareBasis(models.Model):
    """What the last full run found of a software, for the timeline: machines exposed by it, and points its recommendations gain."""

    software = models.OneToOneField(Software, on_delete=models.CASCADE, primary_key=True, related_name="+")
    exposed = models.IntegerField()
    impact = models.FloatField()


class WeaknessBasis(models.Model):
    """What the scores of a software take one of its weaknesses for, from a step on. Tells what was learnt from what was found.

    A full run leaves the newest row of each.
    """

    pk = models.CompositePrimaryKey("software_id", "weakness_id", "step")
    software = models.ForeignKey(Software, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    weakness = models.ForeignKey("weaknesses.Weakness", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    step = models.BigIntegerField()
    risk = models.FloatField(help_text="severity x threat")
    evident = models.BooleanField(help_text="Exploited, alerted, or with a public exploit: counts without a fix.")

    class Meta:
        indexes = [models.Index(fields=["step"], name="weakness_basis_by_step")]


class PresentWeakness(models.Model):
    """A weakness of a software that some active machine has, as the last full run found it. The next one's timeline compares with it."""

    pk = models.CompositePrimaryKey("software_id", "weakness_id")
    software = models.ForeignKey(Software, on_delete=models.CASCADE, db_index=False, related_name="+")
    weakness = models.ForeignKey("weaknesses.Weakness", on_delete=models.CASCADE, related_name="+")
    exploit = models.SmallIntegerField()
    exploited = models.BooleanField()
    since = models.DateTimeField()
