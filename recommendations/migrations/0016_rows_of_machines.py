from django.db import migrations

from core.partitions import SetRowsOfMachine


class Migration(migrations.Migration):
    """As for installations."""

    dependencies = [("recommendations", "0015_full_run_over_slices")]

    operations = [SetRowsOfMachine("recommendations_exposure", rows=30)]
