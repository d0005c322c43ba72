"""What exceptions do to the figures, and what the stored figures take into account of it."""

from __future__ import annotations

from django.db import models

from inventory.models import MachineGroup, Software, Version
from recommendations.models.scores import Recommendation
from weaknesses.models import Weakness


class ExceptionEffect(models.Model):
    """What an exception does to a recommendation: hide it, or also take it out of the sums. Written by exceptions' actions."""

    recommendation = models.ForeignKey(Recommendation, on_delete=models.CASCADE, related_name="effects")
    group = models.ForeignKey(
        MachineGroup, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: all, now and in future."
    )
    mitigates = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recommendation", "group"], name="one_effect_a_group", nulls_distinct=False)]


class WeaknessEffect(models.Model):
    """A weakness that an exception takes out of the sums after exceptions. Written by exceptions' actions.

    `software` empty: of every product. `group` empty: all machines, now and in future.
    """

    weakness = models.ForeignKey(Weakness, on_delete=models.CASCADE, related_name="effects")
    software = models.ForeignKey(Software, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["weakness", "software", "group"], name="one_weakness_effect_a_group", nulls_distinct=False)
        ]


class ExceptedScore(models.Model):
    """VersionScore in a group without the weaknesses that are excepted there. Only where one is.

    `remaining`: weaknesses that count, and the end of support.
    """

    pk = models.CompositePrimaryKey("version_id", "recommendation_id", "group_id")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, db_index=False, related_name="+")
    recommendation = models.ForeignKey(Recommendation, on_delete=models.CASCADE, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.CASCADE, related_name="+")
    peak = models.FloatField()
    sum = models.FloatField()
    remaining = models.IntegerField()


class EffectBasis(models.Model):
    """The mitigating exceptions that the stored figures take into account. `group` empty: all."""

    recommendation = models.ForeignKey(Recommendation, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+")


class WeaknessEffectBasis(models.Model):
    """The excepted weaknesses that the stored figures take into account, as WeaknessEffect had them."""

    weakness = models.ForeignKey(Weakness, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    software = models.ForeignKey(Software, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+")
