from typing import Any

from django.db import migrations


def make_settings(apps: Any, schema_editor: Any) -> None:
    apps.get_model("recommendations", "ScoringSettings").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0001_initial")]
    operations = [migrations.RunPython(make_settings, migrations.RunPython.noop)]
