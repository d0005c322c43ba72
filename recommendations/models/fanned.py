"""A full run over slices while it is under way: what its slices must rebuild, and the partial sums they leave for its end.

No row is left of it afterwards.
"""

from __future__ import annotations

import uuid

from django.db import models


class FannedRun(models.Model):
    """The full run that is under way over slices: there is one at most, and the next finds here what it left."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    token = models.UUIDField(default=uuid.uuid4, help_text="Tasks of an earlier run know another one.")
    kind = models.CharField(max_length=12)
    now = models.DateTimeField(help_text="The moment it computes.")
    began_at = models.DateTimeField(help_text="By the clock of the database.")
    settings = models.JSONField()
    step = models.BigIntegerField(help_text="The computation that scored the versions.")
    newest_version = models.IntegerField(help_text="Versions with a higher id came later.")
    again = models.BooleanField(default=False, help_text="Another full run was asked for meanwhile.")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_full_run_under_way")]


class RunSlice(models.Model):
    """One hash partition of the tables split by machine, in the run that is under way."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    done_at = models.DateTimeField(null=True)
    summed = models.BooleanField(default=False, help_text="Its sums are in PendingContribution and PendingGroup.")
    changed = models.IntegerField(default=0, help_text="Machines rebuilt.")
    rescored = models.IntegerField(default=0, help_text="Machines with another score.")


class RestatedVersion(models.Model):
    """A version whose carriers must be rebuilt, as the preparation of the run found."""

    class Aspect(models.TextChoices):
        SCORES = "scores", "Scores"
        RISKS = "risks", "Risks"

    pk = models.CompositePrimaryKey("version_id", "aspect")
    version_id = models.IntegerField()
    aspect = models.CharField(max_length=6, choices=Aspect)


class PendingHolding(models.Model):
    """Change of the machines of a group per version (kind 0), per software installed (1) and exposed (2)."""

    kind = models.IntegerField()
    subject_id = models.IntegerField(help_text="Of a version or a software.")
    group_id = models.BigIntegerField()
    machines = models.BigIntegerField()


class PendingCause(models.Model):
    """Why the sums of a group move: rows of ScoreChange, before their run has ended."""

    group_id = models.BigIntegerField()
    cause = models.CharField(max_length=13)
    machines = models.BigIntegerField()
    weight = models.FloatField()
    exposure = models.FloatField()
    exposure_after = models.FloatField()


class PendingContribution(models.Model):
    """What the machines of a slice add to RecommendationStat, and what reports to them changed of it since."""

    recommendation_id = models.IntegerField()
    group_id = models.BigIntegerField()
    exposed = models.BigIntegerField()
    installed = models.BigIntegerField()
    weight = models.FloatField()
    base = models.FloatField()
    hazard = models.FloatField()
    impact = models.FloatField()
    exposed_after = models.BigIntegerField()
    impact_after = models.FloatField()
    alerts = models.BigIntegerField()


class PendingGroup(models.Model):
    """What the machines of a slice add to GroupScore, and what reports to them changed of it since."""

    group_id = models.BigIntegerField()
    machines = models.BigIntegerField()
    weight = models.FloatField()
    exposure = models.FloatField()
    exposure_after = models.FloatField()
    none = models.BigIntegerField()
    low = models.BigIntegerField()
    medium = models.BigIntegerField()
    high = models.BigIntegerField()
    no_data = models.BigIntegerField()
