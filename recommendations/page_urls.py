"""The addresses of the pages beside the recommendations."""

from __future__ import annotations

from django.urls import path

from recommendations.views import (
    groups,
    machine_bulk,
    machine_page,
    machines,
    scoring,
    settings_index,
    software,
    software_page,
    timeline,
    weaknesses,
)

urlpatterns = [
    path("software/", software.index, name="software_list"),
    path("software/export.csv", software.export, name="software_list_export"),
    path("software/<str:key>/", software_page.detail, name="software"),
    path("software/<str:key>/export.csv", software_page.detail_export, name="software_export"),
    path("machines/", machines.index, name="machine_list"),
    path("machines/export.csv", machines.export, name="machine_list_export"),
    path("machines/change/", machine_bulk.change, name="machine_bulk"),
    path("machines/undo/", machine_bulk.undo, name="machine_undo"),
    path("machines/<int:machine_id>/", machine_page.detail, name="machine"),
    path("machines/<int:machine_id>/export.csv", machine_page.detail_export, name="machine_export"),
    path("machines/<int:machine_id>/change/", machine_page.change, name="machine_change"),
    path("weaknesses/", weaknesses.index, name="weakness_list"),
    path("weaknesses/export.csv", weaknesses.export, name="weakness_list_export"),
    path("weaknesses/<str:cve>/", weaknesses.detail, name="weakness"),
    path("weaknesses/<str:cve>/export.csv", weaknesses.export_machines, name="weakness_export"),
    path("timeline/", timeline.index, name="timeline"),
    path("timeline/export.csv", timeline.export, name="timeline_export"),
    path("scoring/", scoring.index, name="scoring"),
    path("settings/", settings_index.index, name="settings"),
    path("settings/groups/", groups.index, name="groups"),
    path("settings/groups/new/", groups.edit, name="group_new"),
    path("settings/groups/<int:group_id>/", groups.edit, name="group"),
    path("settings/groups/<int:group_id>/move/", groups.move, name="group_move"),
    path("settings/groups/<int:group_id>/delete/", groups.delete, name="group_delete"),
]
