"""Requests, below the recommendation they are for, and the activities that come of them."""

from __future__ import annotations

from django.urls import path

from remediation import views

app_name = "remediation"
urlpatterns = [
    path("recommendations/<str:key>/remediation/", views.request_form, name="request"),
    path("recommendations/<str:key>/remediation/panel/", views.panel, name="panel"),
    path("remediation/", views.index, name="list"),
    path("remediation/export.csv", views.export, name="list_export"),
    path("remediation/<uuid:pk>/", views.activity, name="activity"),
    path("remediation/<uuid:pk>/export.csv", views.activity_export, name="activity_export"),
    path("remediation/<uuid:pk>/complete/", views.complete, name="complete"),
    path("remediation/<uuid:pk>/reopen/", views.reopen, name="reopen"),
]
