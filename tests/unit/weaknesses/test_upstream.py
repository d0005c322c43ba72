"""A package's version as its maker counts."""

import pytest

from weaknesses.upstream import compared_key, upstream_version


@pytest.mark.parametrize(
    ("scheme", "packaged", "upstream"),
    [
        ("deb", "2.61.0", "2.61.0"),
        ("deb", "120.0.6099.109-1", "120.0.6099.109"),
        ("deb", "5:24.0.7-1~ubuntu.22.04~jammy", "24.0.7"),
        ("rpm", "1:1.2.3-4.el9", "1.2.3"),
        ("pypi", "1!2.0", "2.0"),
        ("pypi", "2.3.0+ubuntu2.1", "2.3.0+ubuntu2.1"),
        ("npm", "1.0.0-beta", "1.0.0-beta"),
    ],
)
def test_a_packagers_epoch_and_revision_do_not_count(scheme: str, packaged: str, upstream: str) -> None:
    assert upstream_version(scheme, packaged) == upstream


def test_programs_are_compared_as_they_are() -> None:
    assert compared_key("cpe", "1.0-beta") == compared_key("npm", "1.0-beta")
    assert compared_key("cpe", "unknown") == ""
