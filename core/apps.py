from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate  # noqa: TID251 (what every database holds, as Django's own permissions)


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core import checks  # noqa: F401  (registers them)

        post_migrate.connect(_keep_roles, sender=self)


def _keep_roles(**kwargs: Any) -> None:
    """The roles that come with the portal are there after each migration, and after the database was emptied."""
    from core.built_in_roles import ensure

    try:
        roles = kwargs.get("apps", apps).get_model("core", "Role")
    except LookupError:  # migrated back to before there were roles
        return
    ensure(roles)
