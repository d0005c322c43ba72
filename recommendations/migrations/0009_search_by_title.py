from django.db import migrations

from core.trigrams import trigram_index


class Migration(migrations.Migration):

    dependencies = [
        ('recommendations', '0008_score_changes'),
    ]

    operations = [
        trigram_index(name='recommendation_title_holds', table='recommendations_recommendation', columns=('title', 'component', 'key')),
    ]
