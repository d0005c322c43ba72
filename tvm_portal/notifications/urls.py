"""Settings, Notifications."""

from __future__ import annotations

from django.urls import path

from tvm_portal.notifications import log_views, views

app_name = "notifications"
urlpatterns = [
    path("", views.index, name="rules"),
    path("new/", views.edit, name="rule_new"),
    path("mails/", log_views.index, name="mails"),
    path("mails/export.csv", log_views.export, name="mails_export"),
    path("mails/<uuid:key>/", log_views.one, name="mail"),
    path("mails/<uuid:key>/replay/", log_views.replay, name="replay"),
    path("<int:pk>/", views.edit, name="rule"),
    path("<int:pk>/switch/", views.switch, name="switch"),
    path("<int:pk>/delete/", views.delete, name="delete"),
    path("<int:pk>/restore/", views.restore, name="restore"),
]
