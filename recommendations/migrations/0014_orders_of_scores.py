import django.contrib.postgres.fields
import django.db.models.expressions
from django.db import migrations, models

import recommendations.models.scores

FAMILIES = """
UPDATE recommendations_recommendation r SET families = f.families
FROM (
    SELECT s.recommendation_id AS id, array_agg(DISTINCT CASE WHEN v.platform IN ('windows', 'macos') THEN v.platform
        WHEN v.platform = '' THEN 'any' ELSE 'linux' END) AS families
    FROM recommendations_versionscore s
    JOIN inventory_version v ON v.id = s.version_id
    GROUP BY s.recommendation_id
) f
WHERE f.id = r.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0008_orders_of_machines"),
        ("recommendations", "0013_exposure_storage"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="machinerisk",
            name="machine_risk_worst_first",
        ),
        migrations.AddField(
            model_name="recommendation",
            name="families",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=10),
                db_default=["any"],
                default=recommendations.models.scores.any_family,
                help_text="Of its versions: windows, macos, linux, any.",
                size=None,
            ),
        ),
        migrations.AddIndex(
            model_name="machinebasis",
            index=models.Index(condition=models.Q(("versions", [])), fields=["machine"], name="machine_basis_bare"),
        ),
        migrations.AddIndex(
            model_name="machinerisk",
            index=models.Index(
                models.OrderBy(
                    django.db.models.expressions.CombinedExpression(
                        django.db.models.expressions.CombinedExpression(models.F("severity"), "*", models.Value(10)),
                        "+",
                        models.F("exploit"),
                    ),
                    descending=True,
                ),
                models.F("machine"),
                condition=models.Q(("severity__isnull", False)),
                name="machine_risk_worst",
            ),
        ),
        migrations.AddIndex(
            model_name="machinescore",
            index=models.Index(fields=["-score", "machine"], name="machine_score_highest"),
        ),
        migrations.AddIndex(
            model_name="machinescore",
            index=models.Index(fields=["level", "machine"], name="machine_score_by_level"),
        ),
        migrations.AddIndex(
            model_name="machinescore",
            index=models.Index(fields=["exposures", "machine"], name="machine_score_by_fixes"),
        ),
        migrations.RunSQL(FAMILIES, migrations.RunSQL.noop),
    ]
