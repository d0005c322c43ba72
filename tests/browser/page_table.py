"""Every page of the portal, once: what the tests of the bar look at. A new page is a line here.

`tests/architecture/test_pages.py` fails where an address that answers with a page is neither in PAGES nor in EXCUSED.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.built_in_roles import SECURITY, built_in
from core.models import User
from recommendations.models import RecommendationStat
from tests.populations import Population


@dataclass(frozen=True)
class Listed:
    """An address as the resolver knows it, with a query. `charts`: it may fetch the chart library."""

    route: str
    query: str = ""
    charts: bool = False
    signed_in: bool = True


PAGES = (
    Listed("", charts=True),
    Listed("top-recommendations/"),
    Listed("gallery/", charts=True),
    Listed("scoring/"),
    Listed("recommendations/"),
    Listed("recommendations/", "?open=va-_-google-_-chrome", charts=True),
    Listed("recommendations/<str:key>/", charts=True),
    Listed("recommendations/<str:key>/exposed/"),
    Listed("recommendations/<str:key>/installed/"),
    Listed("recommendations/<str:key>/weaknesses/"),
    Listed("software/"),
    Listed("software/<str:key>/", charts=True),
    Listed("software/<str:key>/", "?tab=versions", charts=True),
    Listed("software/<str:key>/", "?tab=timeline", charts=True),
    Listed("machines/"),
    Listed("machines/<int:machine_id>/"),
    Listed("machines/<int:machine_id>/", "?tab=configuration"),
    Listed("weaknesses/"),
    Listed("weaknesses/<str:cve>/", charts=True),
    Listed("timeline/", charts=True),
    Listed("settings/feeds/"),
    Listed("settings/feeds/<slug:kind>/"),
    Listed("settings/overrides/"),
    Listed("settings/"),
    Listed("settings/status/"),
    Listed("settings/groups/"),
    Listed("settings/groups/new/"),
    Listed("settings/roles/"),
    Listed("settings/roles/new/"),
    Listed("settings/roles/<int:pk>/"),
    Listed("settings/roles/users/"),
    Listed("settings/roles/users/new/"),
    Listed("settings/roles/users/<int:pk>/"),
    Listed("settings/audit/"),
    Listed("settings/inaccuracies/"),
    Listed("inaccuracies/"),
    Listed("settings/notifications/"),
    Listed("settings/notifications/new/"),
    Listed("settings/notifications/mails/"),
    Listed("remediation/"),
    Listed("remediation/queue/"),
    Listed("settings/deliveries/"),
    Listed("settings/advanced-features/"),
    Listed("settings/advanced-features/<slug:system>/"),
    Listed("remediation/request/", "?pick=PICK"),
    Listed("remediation/time-to-fix/", charts=True),
    Listed("recommendations/<str:key>/remediation/"),
    Listed("remediation/exceptions/"),
    Listed("recommendations/<str:key>/exception/"),
    Listed("weaknesses/<str:cve>/exception/"),
    Listed("settings/exceptions/"),
    Listed("recommendations/<str:key>/inaccuracy/"),
    Listed("recommendations/what-if/"),
    Listed("software/<str:key>/inaccuracy/"),
    Listed("weaknesses/<str:key>/inaccuracy/"),
    Listed("weaknesses/<str:cve>/machines/"),
    Listed("reports/vulnerable-machines/", charts=True),
    Listed("reports/vulnerable-machines/machines/"),
    Listed("search/", "?q=chrome"),
    Listed("notifications/"),
    Listed("help/"),
    Listed("account/"),
    Listed("account/password/"),
    Listed("sign-in/", signed_in=False),
)

# Route -> why no test looks at it as a page.
EXCUSED = {
    "healthz": "a word for machines",
    "recommendations/picked/": "the bar below a list, looked at there",
    "recommendations/<str:key>/remediation/panel/": "a part of the recommendation's page, looked at there",
    "styles/<slug:digest>.css": "a style sheet",
    "recommendations/<str:key>/exception/panel/": "a part of the recommendation's page, looked at there",
    "weaknesses/<str:cve>/exception/panel/": "a part of the weakness's page, looked at there",
    "metrics": "figures for machines",
    "settings/status/workers/": "a part of settings/status/, looked at there",
    "readyz": "a word for machines",
    "sign-in/choose-password/<uidb64>/<token>/": "a form like account/password/, on a page like sign-in/",
    "account/password/done/": "a sentence, after the form of account/password/",
}


def address(page: Listed, made: Population) -> str:
    """The page's address among what `made` holds. PICK of a query is the recommendation with the most exposed machines."""
    samples: dict[str, dict[str, object]] = {
        "recommendations/": {"key": "va-_-google-_-chrome"},
        "software/": {"key": made.software[0].key},
        "machines/": {"machine_id": made.machines[0].pk},
        "weaknesses/": {"cve": made.weaknesses[0].cve, "key": made.weaknesses[0].cve},
        "settings/feeds/": {"kind": "kev"},
        "settings/roles/users/": {"pk": User.objects.order_by("pk").values_list("pk", flat=True).first()},
        "settings/roles/": {"pk": built_in(SECURITY).pk},
        "settings/advanced-features/": {"system": "webhook"},
    }
    known = next((values for start, values in samples.items() if page.route.startswith(start)), {})
    query = page.query
    if "PICK" in query:
        picked = RecommendationStat.objects.order_by("-exposed").values_list("recommendation", flat=True).first()
        query = query.replace("PICK", str(picked))
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(known[found[1]]), page.route) + query
