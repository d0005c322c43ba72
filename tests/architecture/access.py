"""Who may ask for what: every address of the portal with the status each persona gets.

`ACCESS` is for GET, `POSTS` for an empty POST to the addresses that take nothing else. A new address without a
line here fails the test. Arguments come from `SAMPLES`, whose rows the test's world holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.permissions import Permission

SIGN_IN = 302  # to the sign-in page
OK, MOVED, BAD, FORBIDDEN, MISSING, METHOD = 200, 302, 400, 403, 404, 405
NO_TOKEN = 401


@dataclass(frozen=True)
class Access:
    """The expected status for each persona.

    The four that are spelled out say what the others get: somebody without a role nothing but what is `free`; an IT admin, an
    auditor and an administrator what `permission` says (None, and not the same for viewer and superuser: not checked).
    """

    anonymous: int
    viewer: int
    curator: int
    superuser: int
    permission: Permission | None = None
    free: bool = False

    def of(self, persona: str) -> int | None:
        """None: this line does not say."""
        if persona in {"anonymous", "viewer", "curator", "superuser"}:
            return int(getattr(self, persona))
        if persona == "nobody":
            return self.viewer if self.free or self.anonymous != SIGN_IN else FORBIDDEN
        if persona == "administrator" or self.viewer == self.superuser:
            return self.superuser
        if self.permission is None:
            return None
        return self.superuser if self.permission in HELD[persona] else self.viewer


# What the personas hold beside View.
HELD = {
    "it_admin": {Permission.REMEDIATION},
    "auditor": {Permission.AUDIT},
    "curator": {Permission.REMEDIATION, Permission.EXCEPTIONS, Permission.SETTINGS, Permission.CURATE},
}


def needs(permission: Permission, status: int = 200) -> Access:
    """`status` for those who hold it, 403 for the others."""
    return Access(SIGN_IN, FORBIDDEN, status if permission in HELD["curator"] else FORBIDDEN, status, permission)


PUBLIC = Access(OK, OK, OK, OK)
SIGNED_IN = Access(SIGN_IN, OK, OK, OK)
OWN = Access(SIGN_IN, OK, OK, OK, free=True)
SETTINGS = needs(Permission.SETTINGS)
POST_SIGNED_IN = Access(SIGN_IN, METHOD, METHOD, METHOD)
POST_OWN = Access(SIGN_IN, METHOD, METHOD, METHOD, free=True)
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
    "settings/roles/": {"pk": 0},
    "settings/audit/": {"pk": 0},
    "sign-in/": {"uidb64": "MA", "token": "none"},
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
    "metrics": Access(NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN),
    "settings/status/": needs(Permission.SETTINGS),
    "settings/status/workers/": needs(Permission.SETTINGS),
    "styles/<slug:digest>.css": Access(MISSING, MISSING, MISSING, MISSING),
    "sign-in/": Access(OK, MOVED, MOVED, MOVED),
    "sign-out/": POST_OWN,
    "sign-in/choose-password/<uidb64>/<token>/": PUBLIC,
    "settings/roles/": needs(Permission.ADMINISTER),
    "settings/roles/new/": needs(Permission.ADMINISTER),
    "settings/roles/<int:pk>/": needs(Permission.ADMINISTER, MISSING),
    "settings/roles/<int:pk>/give/": POST_SIGNED_IN,
    "settings/roles/<int:pk>/delete/": needs(Permission.ADMINISTER, MISSING),
    "settings/roles/held/<int:pk>/take/": POST_SIGNED_IN,
    "settings/roles/users/": needs(Permission.ADMINISTER),
    "settings/roles/users/new/": needs(Permission.ADMINISTER),
    "settings/roles/users/<int:pk>/": needs(Permission.ADMINISTER, MISSING),
    "settings/roles/users/<int:pk>/give/": POST_SIGNED_IN,
    "settings/roles/users/<int:pk>/activate/": POST_SIGNED_IN,
    "settings/roles/users/<int:pk>/password/": POST_SIGNED_IN,
    "settings/audit/": needs(Permission.AUDIT),
    "settings/audit/export.csv": needs(Permission.AUDIT),
    "settings/audit/<int:pk>/": needs(Permission.AUDIT, MISSING),
    "account/": OWN,
    "account/rail/": POST_OWN,
    "search/": SIGNED_IN,
    "notifications/": SIGNED_IN,
    "notifications/seen/": POST_SIGNED_IN,
    "notifications/kinds/": POST_SIGNED_IN,
    "help/": SIGNED_IN,
    "account/password/": OWN,
    "account/password/done/": OWN,
    "account/theme/": POST_PUBLIC,
    "account/density/": POST_OWN,
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
    "machines/change/": needs(Permission.SETTINGS, MISSING),
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
    "settings/groups/new/": needs(Permission.SETTINGS),
    "settings/groups/<int:group_id>/": needs(Permission.SETTINGS, MISSING),
    "settings/groups/<int:group_id>/move/": POST_SIGNED_IN,
    "settings/groups/<int:group_id>/delete/": needs(Permission.SETTINGS, MISSING),
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
    "recommendations/<str:key>/remediation/": needs(Permission.REMEDIATION),
    "recommendations/<str:key>/remediation/panel/": SIGNED_IN,
    "remediation/": SIGNED_IN,
    "remediation/export.csv": SIGNED_IN,
    "remediation/request/": needs(Permission.REMEDIATION),
    "remediation/time-to-fix/": SIGNED_IN,
    "remediation/time-to-fix/export.csv": SIGNED_IN,
    "remediation/<uuid:pk>/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "remediation/<uuid:pk>/export.csv": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "remediation/<uuid:pk>/complete/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/reopen/": POST_SIGNED_IN,
    "remediation/queue/": needs(Permission.REMEDIATION),
    "remediation/queue/export.csv": needs(Permission.REMEDIATION),
    "remediation/queue/change/": POST_SIGNED_IN,
    "remediation/queue/<int:pk>/": needs(Permission.REMEDIATION, MISSING),
    "remediation/queue/<int:pk>/change/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/tickets/open/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/tickets/<int:ticket>/note/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/tickets/<int:ticket>/ask/": POST_SIGNED_IN,
    "remediation/<uuid:pk>/deliveries/<int:delivery>/again/": POST_SIGNED_IN,
    "settings/deliveries/": needs(Permission.SETTINGS),
    "settings/deliveries/export.csv": needs(Permission.SETTINGS),
    "settings/deliveries/again/": POST_SIGNED_IN,
    "settings/advanced-features/": needs(Permission.SETTINGS),
    "settings/advanced-features/<slug:system>/": needs(Permission.SETTINGS),
    "settings/advanced-features/<slug:system>/switch/": POST_SIGNED_IN,
    "settings/advanced-features/<slug:system>/test/": POST_SIGNED_IN,
    "settings/advanced-features/<slug:system>/secret/": POST_SIGNED_IN,
    "settings/advanced-features/<slug:system>/delete/": needs(Permission.SETTINGS, MISSING),
    "api/tickets/<slug:system>/": POST_PUBLIC,
    "recommendations/exception/": needs(Permission.EXCEPTIONS, MOVED),
    "recommendations/<str:key>/exception/": needs(Permission.EXCEPTIONS),
    "recommendations/<str:key>/exception/panel/": SIGNED_IN,
    "weaknesses/<str:cve>/exception/": needs(Permission.EXCEPTIONS),
    "weaknesses/<str:cve>/exception/panel/": SIGNED_IN,
    "remediation/exceptions/": SIGNED_IN,
    "remediation/exceptions/export.csv": SIGNED_IN,
    "remediation/exceptions/undo/": POST_SIGNED_IN,
    "remediation/exceptions/<int:pk>/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "remediation/exceptions/<int:pk>/export.csv": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "remediation/exceptions/<int:pk>/cancel/": POST_SIGNED_IN,
    "remediation/exceptions/<int:pk>/renew/": needs(Permission.EXCEPTIONS, MISSING),
    "remediation/exceptions/<int:pk>/decide/": POST_SIGNED_IN,
    "settings/exceptions/": needs(Permission.SETTINGS),
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
    "settings/notifications/mails/<uuid:key>/": needs(Permission.SETTINGS, MISSING),
    "settings/notifications/mails/<uuid:key>/replay/": POST_SIGNED_IN,
    "settings/notifications/<int:pk>/": needs(Permission.SETTINGS, MISSING),
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
    "sign-out/": OWN,
    "account/theme/": Access(BAD, BAD, BAD, BAD),
    "account/density/": Access(SIGN_IN, BAD, BAD, BAD, free=True),
    "account/rail/": Access(SIGN_IN, BAD, BAD, BAD, free=True),
    "settings/roles/<int:pk>/give/": needs(Permission.ADMINISTER, MISSING),
    "settings/roles/held/<int:pk>/take/": needs(Permission.ADMINISTER, MISSING),
    "settings/roles/users/<int:pk>/give/": needs(Permission.ADMINISTER, MISSING),
    "settings/roles/users/<int:pk>/activate/": needs(Permission.ADMINISTER, MISSING),
    "settings/roles/users/<int:pk>/password/": needs(Permission.ADMINISTER, MISSING),
    "notifications/seen/": Access(SIGN_IN, MOVED, MOVED, MOVED),
    "notifications/kinds/": Access(SIGN_IN, MOVED, MOVED, MOVED),
    "account/groups/": Access(SIGN_IN, MOVED, MOVED, MOVED),
    "views/save/": Access(SIGN_IN, BAD, BAD, BAD),
    "views/<int:pk>/change/": Access(SIGN_IN, MISSING, MISSING, MISSING),
    "machines/<int:machine_id>/change/": needs(Permission.SETTINGS, MISSING),
    "machines/undo/": needs(Permission.SETTINGS, MOVED),
    "settings/groups/<int:group_id>/move/": needs(Permission.SETTINGS, MISSING),
    "settings/feeds/<slug:kind>/mirror/": needs(Permission.CURATE, MOVED),
    "weaknesses/<str:cve>/override/": needs(Permission.CURATE, MISSING),
    "settings/overrides/<int:pk>/revoke/": needs(Permission.CURATE, MISSING),
    "settings/inaccuracies/<int:pk>/reopen/": needs(Permission.CURATE, MISSING),
    "remediation/<uuid:pk>/complete/": needs(Permission.REMEDIATION, MISSING),
    "remediation/<uuid:pk>/reopen/": needs(Permission.REMEDIATION, MISSING),
    "settings/feeds/<slug:kind>/run/": needs(Permission.CURATE, MOVED),
    "settings/feeds/<slug:kind>/switch/": needs(Permission.CURATE, MOVED),
    "settings/inaccuracies/<int:pk>/correct/": needs(Permission.CURATE, MISSING),
    "settings/inaccuracies/<int:pk>/undo/": needs(Permission.CURATE, MISSING),
    "settings/inaccuracies/<int:pk>/resend/": needs(Permission.CURATE, MISSING),
    "settings/notifications/mails/<uuid:key>/replay/": needs(Permission.SETTINGS, MISSING),
    "settings/notifications/<int:pk>/switch/": needs(Permission.SETTINGS, MISSING),
    "settings/notifications/<int:pk>/delete/": needs(Permission.SETTINGS, MISSING),
    "settings/notifications/<int:pk>/restore/": needs(Permission.SETTINGS, MISSING),
    "remediation/queue/change/": needs(Permission.REMEDIATION, MISSING),
    "remediation/queue/<int:pk>/change/": needs(Permission.REMEDIATION, MISSING),
    "remediation/<uuid:pk>/tickets/open/": needs(Permission.REMEDIATION, MISSING),
    "remediation/<uuid:pk>/tickets/<int:ticket>/note/": needs(Permission.REMEDIATION, MISSING),
    "remediation/<uuid:pk>/tickets/<int:ticket>/ask/": needs(Permission.REMEDIATION, MISSING),
    "remediation/<uuid:pk>/deliveries/<int:delivery>/again/": needs(Permission.REMEDIATION, MISSING),
    "settings/deliveries/again/": needs(Permission.SETTINGS, MISSING),
    "settings/advanced-features/<slug:system>/switch/": needs(Permission.SETTINGS, MOVED),
    "settings/advanced-features/<slug:system>/test/": needs(Permission.SETTINGS, MOVED),
    "settings/advanced-features/<slug:system>/secret/": needs(Permission.SETTINGS, MISSING),
    "api/tickets/<slug:system>/": Access(NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN),
    "remediation/exceptions/undo/": needs(Permission.EXCEPTIONS, MOVED),
    "remediation/exceptions/<int:pk>/cancel/": needs(Permission.EXCEPTIONS, MISSING),
    "remediation/exceptions/<int:pk>/decide/": needs(Permission.EXCEPTIONS, MISSING),
}

# Asked by programs with a bearer token, or an agent's key: a session counts for nothing there, so neither does a forged one.
TOKEN_ONLY = {"api/ingest/<str:format>", "api/tickets/<slug:system>/", *OSQUERY}

# Under admin/ the curation site decides: those who curate or administer get in, and curators only to what they curate.
ADMIN_OPEN = {"admin/login/", "admin/jsi18n/"}

# What somebody who sees other machine groups alone gets where it is not what a viewer of all of them gets.
OUTSIDE = {
    "machines/<int:machine_id>/": MISSING,
    "machines/<int:machine_id>/export.csv": MISSING,
}
