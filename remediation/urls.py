"""Requests, below the recommendation they are for, and the activities that come of them."""

from __future__ import annotations

from django.urls import path

from remediation import pace_views, several_views, views

app_name = "remediation"
urlpatterns = [
    path("recommendations/<str:key>/remediation/", views.request_form, name="request"),
    path("recommendations/<str:key>/remediation/panel/", views.panel, name="panel"),
    path("remediation/", views.index, name="list"),
    path("remediation/export.csv", views.export, name="list_export"),
    path("remediation/request/", several_views.form, name="request_several"),
    path("remediation/time-to-fix/", pace_views.index, name="pace"),
    path("remediation/time-to-fix/export.csv", pace_views.export, name="pace_export"),
    path("remediation/<uuid:pk>/", views.activity, name="activity"),
    path("remediation/<uuid:pk>/export.csv", views.activity_export, name="activity_export"),
    path("remediation/<uuid:pk>/complete/", views.complete, name="complete"),
    path("remediation/<uuid:pk>/reopen/", views.reopen, name="reopen"),
]
