"""Who may ask for what: every address of the portal with the status each persona gets.

`ACCESS` is for GET, `POSTS` for an empty POST to the addresses that take nothing else. A new address without a
line here fails the test. Arguments come from `SAMPLES`, whose rows the test's world holds.
"""

from __future__ import annotations

from dataclasses import dataclass

SIGN_IN = 302  # to the sign-in page
OK, MOVED, BAD, FORBIDDEN, MISSING, METHOD = 200, 302, 400, 403, 404, 405
NO_TOKEN = 401


@dataclass(frozen=True)
class Access:
    """The expected status for each persona."""

    anonymous: int
    viewer: int
    curator: int
    superuser: int

    def of(self, persona: str) -> int:
        return int(getattr(self, persona))


PUBLIC = Access(OK, OK, OK, OK)
SIGNED_IN = Access(SIGN_IN, OK, OK, OK)
SETTINGS = Access(SIGN_IN, FORBIDDEN, OK, OK)
POST_SIGNED_IN = Access(SIGN_IN, METHOD, METHOD, METHOD)
POST_PUBLIC = Access(METHOD, METHOD, METHOD, METHOD)

RECOMMENDATION = "va-_-access-_-sample"
SOFTWARE = "access-_-sample"
CVE = "CVE-2020-0001"

# Value of an argument by the start of the address it appears in, then by its name.
SAMPLES: dict[str, dict[str, object]] = {
    "recommendations/": {"key": RECOMMENDATION, "id": RECOMMENDATION},
    "settings/groups/": {"group_id": 0},
    "software/": {"key": SOFTWARE, "id": SOFTWARE, "version_id": 0},
    "machines/": {"pk": "MACHINE", "id": "MACHINE", "machine_id": "MACHINE"},
    "weaknesses/": {"cve": CVE, "key": CVE},
    "settings/overrides/": {"pk": 0},
    "remediation/queue/": {"pk": 0},
    "remediation/exceptions/": {"pk": 0},
    "remediation/": {"pk": "00000000-0000-4000-8000-000000000000", "ticket": 0, "delivery": 0},
    "settings/advanced-features/": {"system": "webhook"},
    "api/tickets/": {"system": "webhook"},
    "settings/inaccuracies/": {"pk": 0},
    "settings/notifications/": {"pk": 0, "key": "00000000-0000-4000-8000-000000000000"},
    "timeline/": {"pk": 0},
    "views/": {"pk": 0},
    "settings/feeds/": {"kind": "kev"},
    "styles/": {"digest": "0123456789abcdef"},
    "api/ingest/": {"format": "osquery", "source": "osquery"},
}

# osquery's remote protocol, at its customary addresses and at ours.
OSQUERY = (
    *(f"api/osquery/{name}" for name in ("enroll", "config", "log", "distributed_read", "distributed_write")),
    *("enroll", "config", "log"),
)

# The address as the resolver knows it.
ACCESS: dict[str, Access] = {
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "styles/<slug:digest>.css": Access(MISSING, MISSING, MISSING, MISSING),
    "sign-in/": Access(OK, MOVED, MOVED, MOVED),
    "sign-out/": Access(SIGN_IN, METHOD, METHOD, METHOD),
    "account/": SIGNED_IN,
    "account/rail/": POST_SIGNED_IN,
    "search/": SIGNED_IN,
    "notifications/": SIGNED_IN,
    "notifications/seen/": POST_SIGNED_IN,
    "notifications/kinds/": POST_SIGNED_IN,
    "help/": SIGNED_IN,
    "account/password/": SIGNED_IN,
    "account/password/done/": SIGNED_IN,
    "account/theme/": POST_PUBLIC,
    "account/density/": POST_SIGNED_IN,
    "account/groups/": POST_SIGNED_IN,
    "views/save/": POST_SIGNED_IN,
    "views/<int:pk>/change/": POST_SIGNED_IN,
    "": SIGNED_IN,
    "top-recommendations/": SIGNED_IN,
    "gallery/": SIGNED_IN,
    "scoring/": SIGNED_IN,
    "software/": SIGNED_IN,
    "software/export.csv": SIGNED_IN,
    "software/<str:key>/": SIGNED_IN,
    "software/<str:key>/export.csv": SIGNED_IN,
    "software/<str:key>/versions/<int:version_id>/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "software/<str:key>/versions/<int:version_id>/export.csv": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "machines/": SIGNED_IN,
    "machines/export.csv": SIGNED_IN,
    "machines/change/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "machines/undo/": POST_SIGNED_IN,
    "machines/<int:machine_id>/": SIGNED_IN,
    "machines/<int:machine_id>/export.csv": SIGNED_IN,
    "machines/<int:machine_id>/change/": POST_SIGNED_IN,
    "weaknesses/": SIGNED_IN,
    "weaknesses/export.csv": SIGNED_IN,
    "weaknesses/<str:cve>/": SIGNED_IN,
    "weaknesses/<str:cve>/machines/": SIGNED_IN,
    "weaknesses/<str:cve>/export.csv": SIGNED_IN,
    "weaknesses/<str:cve>/why/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "weaknesses/<str:cve>/override/": POST_SIGNED_IN,
    "settings/overrides/": SIGNED_IN,
    "settings/overrides/export.csv": SIGNED_IN,
    "settings/overrides/<int:pk>/revoke/": POST_SIGNED_IN,
    "timeline/": SIGNED_IN,
    "timeline/export.csv": SIGNED_IN,
    "settings/": SIGNED_IN,
    "settings/groups/": SIGNED_IN,
    "settings/groups/new/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "settings/groups/<int:group_id>/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/groups/<int:group_id>/move/": POST_SIGNED_IN,
    "settings/groups/<int:group_id>/delete/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "reports/vulnerable-machines/": SIGNED_IN,
    "reports/vulnerable-machines/export.csv": SIGNED_IN,
    "reports/vulnerable-machines/machines/": SIGNED_IN,
    "reports/vulnerable-machines/machines/export.csv": SIGNED_IN,
    "timeline/<int:pk>/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "timeline/<int:pk>/export.csv": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "settings/feeds/": SIGNED_IN,
    "settings/feeds/<slug:kind>/": SIGNED_IN,
    "settings/feeds/<slug:kind>/mirror/": POST_SIGNED_IN,
    "settings/feeds/<slug:kind>/run/": POST_SIGNED_IN,
    "settings/feeds/<slug:kind>/switch/": POST_SIGNED_IN,
    "api/ingest/<str:format>": POST_PUBLIC,
    **dict.fromkeys(OSQUERY, POST_PUBLIC),
    "recommendations/<str:key>/remediation/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "recommendations/<str:key>/remediation/panel/": SIGNED_IN,
    "remediation/": SIGNED_IN,
    "remediation/export.csv": SIGNED_IN,
    "remediation/request/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "remediation/time-to-fix/": SIGNED_IN,
    "remediation/time-to-fix/export.csv": SIGNED_IN,
    "remediation/<uuid:pk>/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "remediation/<uuid:pk>/export.csv": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "remediation/<uuid:pk>/complete/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/reopen/": POST_SIGNED_IN,
    "remediation/queue/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "remediation/queue/export.csv": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "remediation/queue/change/": POST_SIGNED_IN,
    "remediation/queue/<int:pk>/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/queue/<int:pk>/change/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/tickets/open/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/tickets/<int:ticket>/note/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/tickets/<int:ticket>/ask/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/deliveries/<int:delivery>/again/": POST_SIGNED_IN,
    "settings/deliveries/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "settings/deliveries/export.csv": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "settings/deliveries/again/": POST_SIGNED_IN,
    "settings/advanced-features/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "settings/advanced-features/<slug:system>/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "settings/advanced-features/<slug:system>/switch/": POST_SIGNED_IN,
    "settings/advanced-features/<slug:system>/test/": POST_SIGNED_IN,
    "settings/advanced-features/<slug:system>/secret/": POST_SIGNED_IN,
    "settings/advanced-features/<slug:system>/delete/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "api/tickets/<slug:system>/": POST_PUBLIC,
    "recommendations/exception/": Access(SIGN_IN, FORBIDDEN, MOVED, MOVED),
    "recommendations/<str:key>/exception/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "recommendations/<str:key>/exception/panel/": SIGNED_IN,
    "weaknesses/<str:cve>/exception/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "weaknesses/<str:cve>/exception/panel/": SIGNED_IN,
    "remediation/exceptions/": SIGNED_IN,
    "remediation/exceptions/export.csv": SIGNED_IN,
    "remediation/exceptions/undo/": POST_SIGNED_IN,
    "remediation/exceptions/<int:pk>/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "remediation/exceptions/<int:pk>/export.csv": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "remediation/exceptions/<int:pk>/cancel/": POST_SIGNED_IN,
    "remediation/exceptions/<int:pk>/renew/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/exceptions/<int:pk>/decide/": POST_SIGNED_IN,
    "settings/exceptions/": Access(SIGN_IN, FORBIDDEN, OK, OK),
    "recommendations/<str:key>/inaccuracy/": SIGNED_IN,
    "software/<str:key>/inaccuracy/": SIGNED_IN,
    "weaknesses/<str:key>/inaccuracy/": SIGNED_IN,
    "settings/inaccuracies/": SIGNED_IN,
    "settings/inaccuracies/export.csv": SIGNED_IN,
    "settings/inaccuracies/<int:pk>/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "settings/inaccuracies/<int:pk>/reopen/": POST_SIGNED_IN,
    "settings/inaccuracies/<int:pk>/correct/": POST_SIGNED_IN,
    "settings/inaccuracies/<int:pk>/undo/": POST_SIGNED_IN,
    "settings/inaccuracies/<int:pk>/resend/": POST_SIGNED_IN,
    "inaccuracies/": SIGNED_IN,
    "inaccuracies/export.csv": SIGNED_IN,
    "settings/notifications/": SETTINGS,
    "settings/notifications/new/": SETTINGS,
    "settings/notifications/mails/": SETTINGS,
    "settings/notifications/mails/export.csv": SETTINGS,
    "settings/notifications/mails/<uuid:key>/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/notifications/mails/<uuid:key>/replay/": POST_SIGNED_IN,
    "settings/notifications/<int:pk>/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/notifications/<int:pk>/switch/": POST_SIGNED_IN,
    "settings/notifications/<int:pk>/delete/": POST_SIGNED_IN,
    "settings/notifications/<int:pk>/restore/": POST_SIGNED_IN,
    "recommendations/": SIGNED_IN,
    "recommendations/export.csv": SIGNED_IN,
    "recommendations/what-if/": SIGNED_IN,
    "recommendations/picked/": SIGNED_IN,
    "recommendations/<str:key>/": SIGNED_IN,
    "recommendations/<str:key>/insights/": Access(SIGN_IN, MOVED, MOVED, MOVED),
    "recommendations/<str:key>/exposed/": SIGNED_IN,
    "recommendations/<str:key>/exposed/export.csv": SIGNED_IN,
    "recommendations/<str:key>/installed/": SIGNED_IN,
    "recommendations/<str:key>/installed/export.csv": SIGNED_IN,
    "recommendations/<str:key>/weaknesses/": SIGNED_IN,
    "recommendations/<str:key>/weaknesses/export.csv": SIGNED_IN,
}

POSTS: dict[str, Access] = {
    "api/ingest/<str:format>": Access(NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN),
    **dict.fromkeys(OSQUERY, Access(BAD, BAD, BAD, BAD)),
    "sign-out/": Access(SIGN_IN, OK, OK, OK),
    "account/theme/": Access(BAD, BAD, BAD, BAD),
    "account/density/": Access(SIGN_IN, BAD, BAD, BAD),
    "account/rail/": Access(SIGN_IN, BAD, BAD, BAD),
    "notifications/seen/": Access(SIGN_IN, MOVED, MOVED, MOVED),
    "notifications/kinds/": Access(SIGN_IN, MOVED, MOVED, MOVED),
    "account/groups/": Access(SIGN_IN, MOVED, MOVED, MOVED),
    "views/save/": Access(SIGN_IN, BAD, BAD, BAD),
    "views/<int:pk>/change/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "machines/<int:machine_id>/change/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "machines/undo/": Access(SIGN_IN, FORBIDDEN, MOVED, MOVED),
    "settings/groups/<int:group_id>/move/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/feeds/<slug:kind>/mirror/": Access(SIGN_IN, FORBIDDEN, MOVED, MOVED),
    "weaknesses/<str:cve>/override/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/overrides/<int:pk>/revoke/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/inaccuracies/<int:pk>/reopen/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/inaccuracies/<int:pk>/correct/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/inaccuracies/<int:pk>/undo/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/inaccuracies/<int:pk>/resend/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/notifications/mails/<uuid:key>/replay/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/notifications/<int:pk>/switch/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/notifications/<int:pk>/delete/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/notifications/<int:pk>/restore/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/<uuid:pk>/complete/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/<uuid:pk>/reopen/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/queue/change/": Access(SIGN_IN, FORBIDDEN, MOVED, MOVED),
    "remediation/queue/<int:pk>/change/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/<uuid:pk>/tickets/open/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/<uuid:pk>/tickets/<int:ticket>/note/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/<uuid:pk>/tickets/<int:ticket>/ask/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/<uuid:pk>/deliveries/<int:delivery>/again/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/deliveries/again/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/advanced-features/<slug:system>/switch/": Access(SIGN_IN, FORBIDDEN, MOVED, MOVED),
    "settings/advanced-features/<slug:system>/test/": Access(SIGN_IN, FORBIDDEN, MOVED, MOVED),
    "settings/advanced-features/<slug:system>/secret/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "api/tickets/<slug:system>/": Access(NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN),
    "remediation/exceptions/undo/": Access(SIGN_IN, FORBIDDEN, MOVED, MOVED),
    "remediation/exceptions/<int:pk>/cancel/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "remediation/exceptions/<int:pk>/decide/": Access(SIGN_IN, FORBIDDEN, MISSING, MISSING),
    "settings/feeds/<slug:kind>/run/": Access(SIGN_IN, FORBIDDEN, MOVED, MOVED),
    "settings/feeds/<slug:kind>/switch/": Access(SIGN_IN, FORBIDDEN, MOVED, MOVED),
}

# Asked by programs with a bearer token, or an agent's key: a session counts for nothing there, so neither does a forged one.
TOKEN_ONLY = {"api/ingest/<str:format>", "api/tickets/<slug:system>/", *OSQUERY}

# Under admin/ the admin site decides: nobody but staff gets past its sign-in page, and staff only to what they have rights for.
ADMIN_OPEN = {"admin/login/", "admin/jsi18n/"}
