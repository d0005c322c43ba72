"""Why a match is one, what curators say of it, and where vulnerability data comes from."""

from __future__ import annotations

from django.urls import path

from weaknesses import match_views, override_views, views

app_name = "weaknesses"
urlpatterns = [
    path("weaknesses/<str:cve>/why/", match_views.why, name="why"),
    path("weaknesses/<str:cve>/override/", match_views.override, name="override"),
    path("settings/overrides/", override_views.overrides, name="overrides"),
    path("settings/overrides/export.csv", override_views.export, name="overrides_export"),
    path("settings/overrides/<int:pk>/revoke/", override_views.revoke, name="revoke_override"),
    path("settings/feeds/", views.feeds, name="feeds"),
    path("settings/feeds/<slug:kind>/", views.feed, name="feed"),
    path("settings/feeds/<slug:kind>/switch/", views.switch_feed, name="switch_feed"),
    path("settings/feeds/<slug:kind>/mirror/", views.point_feed, name="point_feed"),
    path("settings/feeds/<slug:kind>/run/", views.run_feed, name="run_feed"),
]
