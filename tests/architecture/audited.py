"""What each form of the portal leaves in the audit log.

Every address that takes a POST is in AUDITED, with the actions it records, or in EXCUSED, with the reason why it records none.
"""

from __future__ import annotations

AUDITED: dict[str, tuple[str, ...]] = {
    "sign-in/": ("user.sign_in", "user.sign_in_refused"),
    "sign-in/choose-password/<uidb64>/<token>/": ("user.choose_password",),
    "sign-out/": ("user.sign_out",),
    "account/password/": ("user.change_password",),
    "views/save/": ("save view", "change view"),
    "views/<int:pk>/change/": ("change view", "unshare view", "delete view", "restore view"),
    "settings/roles/new/": ("role.save",),
    "settings/roles/<int:pk>/": ("role.save",),
    "settings/roles/<int:pk>/give/": ("role.give",),
    "settings/roles/<int:pk>/delete/": ("role.delete",),
    "settings/roles/held/<int:pk>/take/": ("role.take",),
    "settings/roles/users/new/": ("user.create",),
    "settings/roles/users/<int:pk>/": ("user.change",),
    "settings/roles/users/<int:pk>/give/": ("role.give",),
    "settings/roles/users/<int:pk>/activate/": ("user.activate", "user.deactivate"),
    "settings/roles/users/<int:pk>/password/": ("user.password_link",),
    "settings/groups/new/": ("group.save",),
    "settings/groups/<int:group_id>/": ("group.save",),
    "settings/groups/<int:group_id>/move/": ("group.move",),
    "settings/groups/<int:group_id>/delete/": ("group.delete",),
    "settings/feeds/<slug:kind>/mirror/": ("point feed",),
    "settings/feeds/<slug:kind>/run/": ("run feed",),
    "settings/feeds/<slug:kind>/switch/": ("switch feed",),
    "settings/inaccuracies/<int:pk>/": ("inaccuracy.answer",),
    "settings/inaccuracies/<int:pk>/reopen/": ("inaccuracy.reopen",),
    "settings/overrides/<int:pk>/revoke/": ("revoke match override",),
    "weaknesses/<str:cve>/override/": ("override match",),
    "machines/change/": ("machine.set_value", "machine.tag", "machine.set_internet_facing"),
    "machines/undo/": ("machine.set_value", "machine.tag", "machine.set_internet_facing"),
    "machines/<int:machine_id>/change/": ("machine.set_value", "machine.tag", "machine.set_internet_facing"),
    "recommendations/<str:key>/remediation/": ("remediation.request",),
    "remediation/request/": ("remediation.request",),
    "remediation/<uuid:pk>/complete/": ("remediation.complete",),
    "remediation/<uuid:pk>/reopen/": ("remediation.reopen",),
    "recommendations/<str:key>/inaccuracy/": ("inaccuracy.report",),
    "software/<str:key>/inaccuracy/": ("inaccuracy.report",),
    "weaknesses/<str:key>/inaccuracy/": ("inaccuracy.report",),
    "settings/inaccuracies/<int:pk>/correct/": ("inaccuracy.answer", "override match"),
    "settings/inaccuracies/<int:pk>/undo/": ("inaccuracy.reopen",),
    "settings/inaccuracies/<int:pk>/resend/": ("replay mail",),
    "settings/notifications/new/": ("add notification rule",),
    "settings/notifications/<int:pk>/": ("change notification rule",),
    "settings/notifications/<int:pk>/switch/": ("switch notification rule",),
    "settings/notifications/<int:pk>/delete/": ("delete notification rule",),
    "settings/notifications/<int:pk>/restore/": ("restore notification rule",),
    "settings/notifications/mails/<uuid:key>/replay/": ("replay mail",),
    "settings/advanced-features/<slug:system>/": ("connection.save",),
    "settings/advanced-features/<slug:system>/switch/": ("connection.off",),
    "settings/advanced-features/<slug:system>/test/": ("connection.test",),
    "settings/advanced-features/<slug:system>/secret/": ("connection.secret", "connection.forget"),
    "settings/advanced-features/<slug:system>/delete/": ("connection.delete",),
    "settings/deliveries/again/": ("delivery.again",),
    "remediation/queue/change/": ("ticket.{verb}", "ticket.assign"),
    "remediation/queue/<int:pk>/change/": ("ticket.{verb}", "ticket.assign", "ticket.note"),
    "remediation/<uuid:pk>/tickets/open/": ("ticket.open",),
    "remediation/<uuid:pk>/tickets/<int:ticket>/note/": ("ticket.note",),
    "remediation/<uuid:pk>/deliveries/<int:delivery>/again/": ("delivery.again",),
    "api/tickets/<slug:system>/": ("ticket.read",),
    "api/osquery/enroll": ("agent.enrol",),
    "enroll": ("agent.enrol",),
}

_OWN = "how the portal looks for oneself"
_REPORTS = "reports of machines: kept as runs, with their source and what came of them"
EXCUSED: dict[str, str] = {
    "account/": _OWN,
    "account/theme/": _OWN,
    "account/density/": _OWN,
    "account/rail/": _OWN,
    "account/groups/": _OWN,
    "notifications/seen/": _OWN,
    "notifications/kinds/": _OWN,
    "remediation/<uuid:pk>/tickets/<int:ticket>/ask/": "reads again what another system says; what comes of it is recorded as ticket.read",
    "api/ingest/<str:format>": _REPORTS,
    **{f"{start}{name}": _REPORTS for start in ("", "api/osquery/") for name in ("config", "log")},
    **{f"api/osquery/{name}": _REPORTS for name in ("distributed_read", "distributed_write")},
}

# Pages of the curation site that change something in another way than by a class that is `Audited` or records by itself.
ADMIN_EXCUSED: dict[str, str] = {}
