"""Every version is matched again: one that was being matched while a feed was stored may have missed what the feed said."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inventory", "0013_one_index_of_versions")]

    operations = [migrations.RunSQL("UPDATE inventory_version SET matched_at = NULL WHERE matched_at IS NOT NULL", migrations.RunSQL.noop)]
