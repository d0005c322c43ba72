from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("core.urls")),
    path("", include("inventory.urls")),
    path("", include("recommendations.urls")),
    path("admin/", admin.site.urls),
]
