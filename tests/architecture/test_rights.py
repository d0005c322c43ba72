"""Rights are asked for in one place."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("core", "inventory", "weaknesses", "recommendations", "remediation", "exceptions", "tvm_portal", "templates")
DJANGOS = re.compile(r"\bis_staff\b|\bhas_perms?\(|\buser_passes_test\b|\bpermission_required\b|\bperms\.")
# The curation site asks as Django does; core.backend answers by role.
THEIRS = re.compile(r"^core/(backend|admin_links)\.py$|/(\w+_)?admin\.py$|^templates/software/banners\.html$")


def test_rights_are_asked_of_core_access_alone() -> None:
    found = [
        f"{name}: {match.group()}"
        for app in APPS
        for path in (ROOT / app).rglob("*.*")
        if path.suffix in {".py", ".html"} and "migrations" not in path.parts
        if not THEIRS.search(name := str(path.relative_to(ROOT)))
        for match in DJANGOS.finditer(path.read_text())
    ]
    assert found == []
