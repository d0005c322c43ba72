from django.db import migrations

from core.partitions import SetStorage


class Migration(migrations.Migration):
    """Room on each page for the next base of an exposure, which then writes no index."""

    dependencies = [("recommendations", "0012_run_seconds")]

    operations = [SetStorage("recommendations_exposure", fillfactor=80)]
