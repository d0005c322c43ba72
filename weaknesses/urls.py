"""Where vulnerability data comes from."""

from __future__ import annotations

from django.urls import path

from weaknesses import views

app_name = "weaknesses"
urlpatterns = [
    path("settings/feeds/", views.feeds, name="feeds"),
    path("settings/feeds/<slug:kind>/", views.feed, name="feed"),
    path("settings/feeds/<slug:kind>/switch/", views.switch_feed, name="switch_feed"),
    path("settings/feeds/<slug:kind>/mirror/", views.point_feed, name="point_feed"),
    path("settings/feeds/<slug:kind>/run/", views.run_feed, name="run_feed"),
]
