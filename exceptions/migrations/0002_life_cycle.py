import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exceptions', '0001_initial'),
        ('inventory', '0006_search_by_name'),
        ('recommendations', '0011_excepted_weaknesses'),
        ('weaknesses', '0006_listing_epss_days_aliases'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ExceptionSettings',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('approval_required', models.BooleanField(default=False, help_text='A second person approves before an exception takes effect.')),
                ('longest_days', models.PositiveSmallIntegerField(default=365, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)])),
                ('growth', models.FloatField(default=0.5, help_text='Share by which the plain impact grows before it resurfaces.')),
                ('least_growth', models.FloatField(default=1.0, help_text='Points by which it grows at least.')),
            ],
            options={
                'verbose_name_plural': 'exception settings',
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('id', 1)), name='one_row_of_exception_settings'),
                    models.CheckConstraint(condition=models.Q(('longest_days__gte', 1), ('longest_days__lte', 365)), name='an_exception_lasts_a_year_at_most'),
                    models.CheckConstraint(condition=models.Q(('growth__gte', 0), ('least_growth__gte', 0)), name='growth_is_not_negative'),
                ],
            },
        ),
        migrations.RemoveField(model_name='riskexception', name='groups'),
        migrations.CreateModel(
            name='ExceptionPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('exception', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='exceptions.riskexception')),
                ('group', models.ForeignKey(help_text='Empty: deleted since.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='inventory.machinegroup')),
                ('name', models.CharField(help_text='As it was called then.', max_length=200)),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('cancelled_by', models.CharField(blank=True, max_length=150)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('exception', 'group'), name='a_group_is_in_an_exception_once')],
            },
        ),
        migrations.AlterField(
            model_name='riskexception',
            name='recommendation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exceptions', to='recommendations.recommendation'),
        ),
        migrations.AddField(
            model_name='riskexception',
            name='weakness',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exceptions', to='weaknesses.weakness'),
        ),
        migrations.AddField(
            model_name='riskexception',
            name='software',
            field=models.ForeignKey(blank=True, help_text='Of a weakness: in this alone.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='exceptions', to='inventory.software'),
        ),
        migrations.AlterField(
            model_name='riskexception',
            name='justification',
            field=models.CharField(choices=[('control', 'Compensating/alternate control'), ('productivity', 'Productivity/business need'), ('accept', 'Accept risk'), ('planned', 'Planned remediation (grace)'), ('other', 'Other'), ('no_patch', 'CVE with no patch'), ('false_pos', 'False positive')], max_length=12),
        ),
        migrations.AlterField(
            model_name='riskexception',
            name='status',
            field=models.CharField(choices=[('pending', 'Pending approval'), ('in_effect', 'In effect'), ('suspended', 'Suspended'), ('expired', 'Expired'), ('cancelled', 'Cancelled'), ('resurfaced', 'Resurfaced'), ('rejected', 'Rejected')], default='in_effect', max_length=10),
        ),
        migrations.AlterField(
            model_name='riskexception',
            name='impact_when_granted',
            field=models.FloatField(help_text='Plain impact in points; growing past it resurfaces the subject.'),
        ),
        migrations.AddField(
            model_name='riskexception',
            name='requested_at',
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(model_name='riskexception', name='decided_at', field=models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            model_name='riskexception',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(model_name='riskexception', name='decision_note', field=models.TextField(blank=True), ),
        migrations.AddField(
            model_name='riskexception',
            name='asked_until',
            field=models.DateTimeField(blank=True, help_text='A renewal that waits for approval.', null=True),
        ),
        migrations.AddField(model_name='riskexception', name='asked_context', field=models.TextField(blank=True)),
        migrations.AddField(
            model_name='riskexception',
            name='asked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='riskexception',
            name='noticed_at',
            field=models.DateTimeField(blank=True, help_text='The requester was told that it ends soon.', null=True),
        ),
        migrations.AddConstraint(
            model_name='riskexception',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('recommendation__isnull', False), ('software__isnull', True), ('weakness__isnull', True)), models.Q(('recommendation__isnull', True), ('weakness__isnull', False)), _connector='OR'), name='an_exception_is_about_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='riskexception',
            constraint=models.UniqueConstraint(condition=models.Q(('all_machines', True), ('status', 'in_effect'), ('weakness__isnull', False)), fields=('weakness', 'software'), name='one_global_weakness_exception_in_effect', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name='riskexception',
            index=models.Index(fields=['status', 'ends_at'], name='exception_by_end'),
        ),
    ]
