import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0006_search_by_name'),
        ('recommendations', '0010_corrections'),
        ('weaknesses', '0006_listing_epss_days_aliases'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExceptedScore',
            fields=[
                ('pk', models.CompositePrimaryKey('version_id', 'recommendation_id', 'group_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('peak', models.FloatField()),
                ('sum', models.FloatField()),
                ('remaining', models.IntegerField()),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inventory.machinegroup')),
                ('recommendation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='recommendations.recommendation')),
                ('version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inventory.version')),
            ],
        ),
        migrations.CreateModel(
            name='WeaknessEffect',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inventory.machinegroup')),
                ('software', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inventory.software')),
                ('weakness', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='effects', to='weaknesses.weakness')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('weakness', 'software', 'group'), name='one_weakness_effect_a_group', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='WeaknessEffectBasis',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.machinegroup')),
                ('software', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inventory.software')),
                ('weakness', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='weaknesses.weakness')),
            ],
        ),
        migrations.AddField(
            model_name='exposure',
            name='cleared',
            field=models.BooleanField(help_text='Nothing but excepted weaknesses is left of it.', null=True),
        ),
        migrations.AddField(
            model_name='exposure',
            name='relief',
            field=models.FloatField(help_text='What excepted weaknesses take off `base`. NULL: none of them is excepted.', null=True),
        ),
        migrations.AddIndex(
            model_name='exposure',
            index=models.Index(condition=models.Q(('relief__isnull', False)), fields=['machine'], name='exposure_relieved'),
        ),
    ]
