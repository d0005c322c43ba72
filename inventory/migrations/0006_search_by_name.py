import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models

from core.trigrams import trigram_index


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0005_machines_by_tag'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(models.F('group'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Lower('name'), name='text_pattern_ops'), name='machine_name_starts'),
        ),
        trigram_index(name='machine_name_holds', table='inventory_machine', columns=('name',)),
        trigram_index(name='software_name_holds', table='inventory_software', columns=('name', 'vendor', 'key')),
    ]
