from django.db import migrations

from core.partitions import SetStorage


class Migration(migrations.Migration):
    """Room on each page for the next last_seen, which then writes no index."""

    dependencies = [("inventory", "0006_search_by_name")]

    operations = [SetStorage("inventory_machine", fillfactor=90)]
