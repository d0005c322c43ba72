from django.db import migrations

from core.partitions import SetRowsOfMachine


class Migration(migrations.Migration):
    """The lists of machines that carry some versions walk down the scores only where the planner knows how many machines do."""

    dependencies = [("inventory", "0009_repeated_posts")]

    operations = [
        SetRowsOfMachine("inventory_installation", rows=200),
        SetRowsOfMachine("inventory_configurationresult", rows=30),
    ]
