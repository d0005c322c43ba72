import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

from core.trigrams import trigram_index


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0007_machine_storage'),
    ]

    operations = [
        migrations.AlterField(
            model_name='machine',
            name='group',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='machines', to='inventory.machinegroup'),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(fields=['group', 'id'], name='machine_by_group'),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(fields=['domain', 'id'], name='machine_by_domain'),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(fields=['os_name', 'id'], name='machine_by_system'),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(fields=['os_version', 'id'], name='machine_by_release'),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(fields=['value', 'id'], name='machine_by_value'),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(fields=['family', 'id'], name='machine_by_family'),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(condition=models.Q(('internet_facing', True)), fields=['id'], name='machine_facing'),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(condition=models.Q(('excluded', True)), fields=['id'], name='machine_excluded'),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=django.contrib.postgres.indexes.GinIndex(fields=['ip_addresses'], name='machine_by_address'),
        ),
        trigram_index(name='machine_words', table='inventory_machine', columns=('upper(name::text)', 'upper(domain::text)')),
    ]
