import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0008_orders_of_machines'),
    ]

    operations = [
        migrations.AddField(
            model_name='machine',
            name='bodies',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), db_default=[], default=list, editable=False, help_text='Posts that say what is stored: digests.', size=None),
        ),
    ]
