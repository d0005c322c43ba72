from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from tvm_portal import health

urlpatterns = [
    path("", include("core.urls")),
    path("", include("inventory.urls")),
    path("", include("recommendations.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]
