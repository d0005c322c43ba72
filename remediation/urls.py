"""Requests, below the recommendation they are for, and the activities that come of them."""

from __future__ import annotations

from django.urls import path

from remediation import (
    connection_views,
    delivery_views,
    pace_views,
    queue_views,
    several_views,
    ticket_views,
    views,
)

app_name = "remediation"
TICKETS = [
    path("remediation/queue/", queue_views.index, name="queue"),
    path("remediation/queue/export.csv", queue_views.export, name="queue_export"),
    path("remediation/queue/change/", queue_views.change_many, name="queue_change"),
    path("remediation/queue/<int:pk>/", queue_views.one, name="queue_ticket"),
    path("remediation/queue/<int:pk>/change/", queue_views.change, name="queue_ticket_change"),
    path("remediation/<uuid:pk>/tickets/open/", ticket_views.open_ticket, name="open_ticket"),
    path("remediation/<uuid:pk>/tickets/<int:ticket>/note/", ticket_views.note, name="ticket_note"),
    path("remediation/<uuid:pk>/tickets/<int:ticket>/ask/", ticket_views.ask, name="ticket_ask"),
    path("remediation/<uuid:pk>/deliveries/<int:delivery>/again/", ticket_views.again, name="delivery_again"),
    path("settings/deliveries/", delivery_views.index, name="deliveries"),
    path("settings/deliveries/export.csv", delivery_views.export, name="deliveries_export"),
    path("settings/deliveries/again/", delivery_views.again, name="deliveries_again"),
    path("settings/advanced-features/", connection_views.index, name="connections"),
    path("settings/advanced-features/<slug:system>/", connection_views.one, name="connection"),
    path("settings/advanced-features/<slug:system>/switch/", connection_views.switch, name="connection_switch"),
    path("settings/advanced-features/<slug:system>/test/", connection_views.test, name="connection_test"),
    path("settings/advanced-features/<slug:system>/secret/", connection_views.secret, name="connection_secret"),
    path("settings/advanced-features/<slug:system>/delete/", connection_views.delete, name="connection_delete"),
]
urlpatterns = [
    *TICKETS,
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
