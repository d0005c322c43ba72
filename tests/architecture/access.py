"""Who may ask for what: every address of the portal with the status each persona gets for a GET.

A new address without a line here fails the test. Arguments come from `SAMPLES`, whose rows the
test's world holds.
"""

from __future__ import annotations

from dataclasses import dataclass

SIGN_IN = 302  # to the sign-in page
OK, MOVED, FORBIDDEN, METHOD = 200, 302, 403, 405


@dataclass(frozen=True)
class Access:
    """Expected status. `post_only` addresses answer 405 to a GET, but only to those who may post."""

    anonymous: int
    viewer: int
    curator: int
    superuser: int

    def of(self, persona: str) -> int:
        return int(getattr(self, persona))


PUBLIC = Access(OK, OK, OK, OK)
SIGNED_IN = Access(SIGN_IN, OK, OK, OK)
POST_SIGNED_IN = Access(SIGN_IN, METHOD, METHOD, METHOD)
POST_PUBLIC = Access(METHOD, METHOD, METHOD, METHOD)
CURATORS = Access(SIGN_IN, FORBIDDEN, OK, OK)
SUPERUSERS = Access(SIGN_IN, FORBIDDEN, FORBIDDEN, OK)

RECOMMENDATION = "va-_-access-_-sample"
SOFTWARE = "access-_-sample"
CVE = "CVE-2020-0001"

# Value of an argument by the start of the address it appears in, then by its name.
SAMPLES: dict[str, dict[str, object]] = {
    "recommendations/": {"key": RECOMMENDATION, "id": RECOMMENDATION},
    "software/": {"key": SOFTWARE, "id": SOFTWARE},
    "machines/": {"pk": "MACHINE", "id": "MACHINE", "machine_id": "MACHINE"},
    "weaknesses/": {"cve": CVE, "key": CVE},
    "api/ingest/": {"format": "osquery", "source": "osquery"},
}

# The address as the resolver knows it.
ACCESS: dict[str, Access] = {
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "sign-in/": Access(OK, MOVED, MOVED, MOVED),
    "sign-out/": Access(SIGN_IN, METHOD, METHOD, METHOD),
    "account/password/": SIGNED_IN,
    "account/password/done/": SIGNED_IN,
    "account/theme/": POST_PUBLIC,
    "account/density/": POST_SIGNED_IN,
    "account/groups/": POST_SIGNED_IN,
    "recommendations/": SIGNED_IN,
    "recommendations/export.csv": SIGNED_IN,
    "recommendations/<str:key>/": SIGNED_IN,
    "recommendations/<str:key>/exposed/": SIGNED_IN,
    "recommendations/<str:key>/exposed/export.csv": SIGNED_IN,
    "recommendations/<str:key>/installed/": SIGNED_IN,
    "recommendations/<str:key>/installed/export.csv": SIGNED_IN,
    "recommendations/<str:key>/weaknesses/": SIGNED_IN,
    "recommendations/<str:key>/weaknesses/export.csv": SIGNED_IN,
}

# Under admin/ the admin site decides: nobody but staff gets past its sign-in page, and staff only to what they have rights for.
ADMIN_OPEN = {"admin/login/", "admin/jsi18n/"}
