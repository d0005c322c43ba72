from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from tvm_portal import api, health, views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("top-recommendations/", views.top_recommendations, name="top_recommendations"),
    path("", include("core.urls")),
    path("", include("inventory.urls")),
    path("", include("recommendations.urls")),
    path("", include("weaknesses.urls")),
    path("api/ingest/<str:format>", api.ingest_report, name="ingest_report"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]
