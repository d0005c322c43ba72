"""Exceptions: asked for below what they are about, and listed beside the remediation activities."""

from __future__ import annotations

from django.urls import path

from exceptions import list_views, views

app_name = "exceptions"
urlpatterns = [
    path("recommendations/exception/", views.request_picked, name="picked"),
    path("recommendations/<str:key>/exception/", views.request_recommendation, name="request"),
    path("recommendations/<str:key>/exception/panel/", views.recommendation_panel, name="panel"),
    path("weaknesses/<str:cve>/exception/", views.request_weakness, name="weakness"),
    path("weaknesses/<str:cve>/exception/panel/", views.weakness_panel, name="weakness_panel"),
    path("remediation/exceptions/", list_views.index, name="list"),
    path("remediation/exceptions/export.csv", list_views.export, name="list_export"),
    path("remediation/exceptions/undo/", list_views.undo, name="undo"),
    path("remediation/exceptions/<int:pk>/", list_views.exception, name="exception"),
    path("remediation/exceptions/<int:pk>/export.csv", list_views.parts_export, name="parts_export"),
    path("remediation/exceptions/<int:pk>/cancel/", list_views.cancel, name="cancel"),
    path("remediation/exceptions/<int:pk>/renew/", list_views.renew, name="renew"),
    path("remediation/exceptions/<int:pk>/decide/", list_views.decide, name="decide"),
    path("settings/exceptions/", list_views.settings_page, name="settings"),
]
