from django.apps import AppConfig


class WeaknessesConfig(AppConfig):
    name = "weaknesses"
