from typing import Any

from django.db import migrations


def make_default_group(apps: Any, schema_editor: Any) -> None:
    apps.get_model("inventory", "MachineGroup").objects.get_or_create(
        is_default=True, defaults={"name": "Ungrouped", "description": "Machines that no rule takes."}
    )


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]
    operations = [migrations.RunPython(make_default_group, migrations.RunPython.noop)]
