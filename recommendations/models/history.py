"""Figures at the end of each day, and why the score moved."""

from __future__ import annotations

import datetime as dt

from django.db import models

from inventory.models import MachineGroup
from recommendations.models.scores import Recommendation, Run


class RecommendationDay(models.Model):
    """A recommendation's sums in one group at the end of a day: trend and sparkline."""

    pk = models.CompositePrimaryKey("day", "recommendation_id", "group_id")
    day = models.DateField()
    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="days"
    )
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    exposed = models.IntegerField()
    installed = models.IntegerField()
    impact = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["recommendation", "day"], name="recommendation_trend")]


class ScoreDay(models.Model):
    """A group's sums at the end of a day."""

    pk = models.CompositePrimaryKey("day", "group_id")
    day = models.DateField()
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    machines = models.IntegerField()
    weight = models.FloatField()
    exposure = models.FloatField()
    exposure_after = models.FloatField()
    none = models.IntegerField()
    low = models.IntegerField()
    medium = models.IntegerField()
    high = models.IntegerField()


class Cause(models.TextChoices):
    """Why the sums of a group moved, in the order in which one factor after the other is taken from before to after."""

    FOUND = "found", "Vulnerabilities found"
    FIXED = "fixed", "Vulnerabilities fixed"
    INTELLIGENCE = "intelligence", "Intelligence"
    CONFIGURATION = "configuration", "Configuration"
    POPULATION = "population", "Machines in and out"
    VALUE = "value", "Device value"
    EXCEPTIONS = "exceptions", "Exceptions"
    SETTINGS = "settings", "Scoring settings"


class ScoreChange(models.Model):
    """What one cause did to a group's sums in one run. Over the causes they add up to the change of GroupScore."""

    pk = models.CompositePrimaryKey("run_id", "group_id", "cause")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False, related_name="changes")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    cause = models.CharField(max_length=13, choices=Cause)
    machines = models.IntegerField(help_text="Machines it touched; one that several runs touched counts each time.")
    weight = models.FloatField(help_text="Change of sum w")
    exposure = models.FloatField(help_text="Change of sum w E")
    exposure_after = models.FloatField()


class ScoreChangeDay(models.Model):
    """The same for a day: over the causes, the change of ScoreDay since the recorded day before.

    What happened since the last snapshot waits under the day OPEN.
    """

    OPEN = dt.date.max

    pk = models.CompositePrimaryKey("day", "group_id", "cause")
    day = models.DateField()
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    cause = models.CharField(max_length=13, choices=Cause)
    machines = models.IntegerField()
    weight = models.FloatField()
    exposure = models.FloatField()
    exposure_after = models.FloatField()
