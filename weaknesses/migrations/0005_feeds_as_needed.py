from django.db import migrations, models


class Migration(migrations.Migration):
    """A feed that nobody switched off is read where it is needed."""

    dependencies = [("weaknesses", "0004_why_unmatched_software")]

    operations = [
        migrations.AlterField(
            model_name="feed",
            name="enabled",
            field=models.BooleanField(
                blank=True,
                choices=[(None, "As needed"), (True, "On"), (False, "Off")],
                help_text="A curator's word on the schedule; as needed: the feed and what machines report decide.",
                null=True,
            ),
        ),
        migrations.RunSQL(
            "UPDATE weaknesses_feed SET enabled = NULL WHERE enabled",
            reverse_sql="UPDATE weaknesses_feed SET enabled = true WHERE enabled IS NULL",
        ),
    ]
