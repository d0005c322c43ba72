"""Recommendations, and the pages that show them with what they belong to: software, machines, weaknesses."""

from __future__ import annotations

from django.urls import include, path

from recommendations.views import recommendation_exports, recommendation_lists, recommendations, what_if

app_name = "recommendations"
urlpatterns = [
    path("", include("recommendations.page_urls")),
    path("recommendations/", recommendations.index, name="list"),
    path("recommendations/export.csv", recommendation_exports.recommendations, name="export"),
    path("recommendations/what-if/", what_if.page, name="what_if"),
    path("recommendations/picked/", what_if.picked, name="picked"),
    path("recommendations/<str:key>/", recommendations.detail, name="detail"),
    path("recommendations/<str:key>/insights/", recommendations.insights, name="insights"),
    path("recommendations/<str:key>/exposed/", recommendation_lists.machines, {"which": "exposed"}, name="exposed"),
    path("recommendations/<str:key>/installed/", recommendation_lists.machines, {"which": "installed"}, name="installed"),
    path("recommendations/<str:key>/weaknesses/", recommendation_lists.weaknesses, name="addressed"),
    path("recommendations/<str:key>/exposed/export.csv", recommendation_exports.machines, {"which": "exposed"}, name="exposed_export"),
    path(
        "recommendations/<str:key>/installed/export.csv", recommendation_exports.machines, {"which": "installed"}, name="installed_export"
    ),
    path("recommendations/<str:key>/weaknesses/export.csv", recommendation_exports.weaknesses, name="addressed_export"),
]
