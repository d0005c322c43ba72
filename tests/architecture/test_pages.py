"""Every address that answers with a page is one that the browser tests look at."""

from __future__ import annotations

from tests.architecture.access import ACCESS, OK
from tests.browser.page_table import EXCUSED, PAGES


def _answers_with_a_page(address: str) -> bool:
    access = ACCESS[address]
    return OK in (access.anonymous, access.superuser) and not address.endswith(".csv")


def test_every_page_is_looked_at_in_a_browser_or_excused() -> None:
    wanted = {address for address in ACCESS if _answers_with_a_page(address)}
    looked_at = {page.route for page in PAGES}
    assert wanted - looked_at - set(EXCUSED) == set()
    assert (looked_at | set(EXCUSED)) - set(ACCESS) == set()
    assert looked_at & set(EXCUSED) == set()
