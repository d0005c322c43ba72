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
    software_exports,
    software_page,
    software_version,
    timeline,
    vulnerable_machines,
    weaknesses,
)

urlpatterns = [
    path("software/", software.index, name="software_list"),
    path("software/export.csv", software.export, name="software_list_export"),
    path("software/<str:key>/", software_page.detail, name="software"),
    path("software/<str:key>/export.csv", software_exports.software, name="software_export"),
    path("software/<str:key>/versions/<int:version_id>/", software_version.detail, name="software_version"),
    path("software/<str:key>/versions/<int:version_id>/export.csv", software_exports.version, name="software_version_export"),
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
    path("weaknesses/<str:cve>/machines/", weaknesses.machines, name="weakness_machines"),
    path("weaknesses/<str:cve>/export.csv", weaknesses.export_machines, name="weakness_export"),
    path("timeline/", timeline.index, name="timeline"),
    path("timeline/export.csv", timeline.export, name="timeline_export"),
    path("reports/vulnerable-machines/", vulnerable_machines.index, name="vulnerable_machines"),
    path("reports/vulnerable-machines/export.csv", vulnerable_machines.export, name="vulnerable_machines_export"),
    path("reports/vulnerable-machines/machines/", vulnerable_machines.machines, name="vulnerable_machine_list"),
    path("reports/vulnerable-machines/machines/export.csv", vulnerable_machines.machines_export, name="vulnerable_machine_list_export"),
    path("timeline/<int:pk>/", timeline.detail, name="event"),
    path("timeline/<int:pk>/export.csv", timeline.export_weaknesses, name="event_export"),
    path("scoring/", scoring.index, name="scoring"),
    path("settings/", settings_index.index, name="settings"),
    path("settings/groups/", groups.index, name="groups"),
    path("settings/groups/new/", groups.edit, name="group_new"),
    path("settings/groups/<int:group_id>/", groups.edit, name="group"),
    path("settings/groups/<int:group_id>/move/", groups.move, name="group_move"),
    path("settings/groups/<int:group_id>/delete/", groups.delete, name="group_delete"),
]
