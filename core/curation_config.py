"""Django's admin as the portal has it; see core.curation."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class CurationConfig(AdminConfig):
    default_site = "core.curation.CurationSite"
