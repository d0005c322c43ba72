"""Recommendations, and the pages that show them with what they belong to: software, machines, weaknesses."""

from __future__ import annotations

from django.urls import include, path

from inventory.models import Software
from recommendations.models import Recommendation
from recommendations.views import inaccuracies, recommendation_exports, recommendation_lists, recommendations, what_if
from weaknesses.models import Weakness

app_name = "recommendations"
INACCURACIES = [
    path("recommendations/<str:key>/inaccuracy/", inaccuracies.report, {"kind": Recommendation}, name="recommendation_inaccuracy"),
    path("software/<str:key>/inaccuracy/", inaccuracies.report, {"kind": Software}, name="software_inaccuracy"),
    path("weaknesses/<str:key>/inaccuracy/", inaccuracies.report, {"kind": Weakness}, name="weakness_inaccuracy"),
    path("settings/inaccuracies/", inaccuracies.index, name="inaccuracies"),
    path("settings/inaccuracies/export.csv", inaccuracies.export, name="inaccuracies_export"),
    path("settings/inaccuracies/<int:pk>/", inaccuracies.one, name="inaccuracy_report"),
    path("settings/inaccuracies/<int:pk>/reopen/", inaccuracies.reopen, name="inaccuracy_reopen"),
    path("settings/inaccuracies/<int:pk>/correct/", inaccuracies.correct, name="inaccuracy_correct"),
    path("settings/inaccuracies/<int:pk>/undo/", inaccuracies.undo, name="inaccuracy_undo"),
    path("settings/inaccuracies/<int:pk>/resend/", inaccuracies.resend, name="inaccuracy_resend"),
    path("inaccuracies/", inaccuracies.log, name="inaccuracy_log"),
    path("inaccuracies/export.csv", inaccuracies.log_export, name="inaccuracy_log_export"),
]
urlpatterns = [
    path("", include("recommendations.page_urls")),
    *INACCURACIES,
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
