"""Recommendations, and the pages that show them with what they belong to: software, machines, weaknesses."""

from __future__ import annotations

from django.urls import path

from recommendations.views import recommendations

app_name = "recommendations"
urlpatterns = [
    path("recommendations/", recommendations.index, name="list"),
]
