from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='apitoken',
            name='scope',
            field=models.CharField(choices=[('ingest', 'Post inventory reports'), ('read', 'Read data'), ('enrol', 'Enrol osquery agents')], default='ingest', max_length=10),
        ),
    ]
