from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from remediation import inbound_views
from tvm_portal import api, health, help_views, metrics, notice_views, osquery, search_views, status_views, views

# osquery's own names, under an address of ours and where its documentation has them.
OSQUERY = [
    path("enroll", osquery.enroll, name="osquery_enroll"),
    path("config", osquery.config, name="osquery_config"),
    path("log", osquery.log, name="osquery_log"),
    path("distributed_read", osquery.distributed_read, name="osquery_distributed_read"),
    path("distributed_write", osquery.distributed_write, name="osquery_distributed_write"),
]

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("top-recommendations/", views.top_recommendations, name="top_recommendations"),
    path("search/", search_views.index, name="search"),
    path("notifications/", notice_views.index, name="notices"),
    path("notifications/seen/", notice_views.mark_seen, name="notices_seen"),
    path("notifications/kinds/", notice_views.choose, name="notices_choose"),
    path("settings/notifications/", include("tvm_portal.notifications.urls")),
    path("help/", help_views.index, name="help"),
    path("gallery/", views.gallery, name="gallery"),
    path("", include("core.urls")),
    path("", include("inventory.urls")),
    path("", include("remediation.urls")),
    path("", include("exceptions.urls")),
    path("", include("recommendations.urls")),
    path("", include("weaknesses.urls")),
    path("api/ingest/<str:format>", api.ingest_report, name="ingest_report"),
    path("api/tickets/<slug:system>/", inbound_views.message, name="ticket_message"),
    path("api/osquery/", include(OSQUERY)),
    path("", include(OSQUERY[:3])),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("settings/status/", status_views.index, name="status"),
    path("settings/status/workers/", status_views.workers, name="status_workers"),
    path("admin/", admin.site.urls),
]
