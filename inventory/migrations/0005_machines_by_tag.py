"""Machines are found by their tags."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inventory", "0004_intake_counts")]
    operations = [AddIndexConcurrently("machine", GinIndex(fields=["tags"], name="machine_by_tag"))]
