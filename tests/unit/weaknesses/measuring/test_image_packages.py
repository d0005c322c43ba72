"""What kind a package of an image is of, from its name and version."""

from __future__ import annotations

import pytest

from weaknesses.measuring.image_packages import kind_of, platform_of_guess, usual_registry

KNOWN = {"pypi": {"pyyaml", "mercurial"}}


@pytest.mark.parametrize(
    ("name", "version", "platform", "ecosystem", "installed", "scope", "own_platform"),
    [
        ("openssl-libs", "1:3.0.7-25.el9_3", "rhel-9", "rpm", "1:3.0.7-25.el9_3", "rpm:rhel:", "rhel-9"),
        ("maven-lib", "1:3.5.4-5.module+el8+5161+5cac467c", "rhel-8", "rpm", "1:3.5.4-5.module+el8+5161+5cac467c", "rpm:rhel:", "rhel-8"),
        ("vim-data", "2:8.2.4428-1.amzn2.0.3", "amzn", "rpm", "2:8.2.4428-1.amzn2.0.3", "rpm:amzn:", "amzn-2"),
        ("libcrypto1.0", "1.0.2k-r0", "alpine", "apk", "1.0.2k-r0", "apk:alpine:", "alpine"),
        ("libgnutls30", "3.7.1-5+deb11u3", "debian-11", "deb", "3.7.1-5+deb11u3", "deb:debian:", "debian-11"),
        ("libpcre3", "2:8.39-13", "debian-11", "deb", "2:8.39-13", "deb:debian:", "debian-11"),
        ("apt", "2.2.4", "debian-11", "deb", "2.2.4", "deb:debian:", "debian-11"),
        ("krb5", "1.12.5-40.40.2", "sles", "rpm", "1.12.5-40.40.2", "rpm:sles:", "sles"),
        ("tar", "4.4.13", "debian-9", "other", "4.4.13", "other:unknown:tar", ""),
        ("PyYAML", "5.1", "debian-11", "pypi", "5.1", "pypi:pyyaml", ""),
        ("netty-codec", "4.1.48.Final", "debian-11", "maven", "4.1.48.Final", "maven:netty-codec", ""),
        ("jenkins-core", "2.277-jenkins-2", "debian-11", "maven", "2.277-jenkins-2", "maven:jenkins-core", ""),
        ("example.org/net", "v0.0.0-2022-bea034e7d591", "alpine", "golang", "v0.0.0-2022-bea034e7d591", "golang:example.org/net", ""),
        ("node", "14.1.0", "debian-9", "cpe", "14.1.0", "cpe:a:nodejs:node.js", ""),
        ("stdlib", "go1.16.2", "rhel-8", "cpe", "1.16.2", "cpe:a:golang:go", ""),
    ],
)  # fmt: skip
def test_the_kind_is_told_from_the_form(
    name: str, version: str, platform: str, ecosystem: str, installed: str, scope: str, own_platform: str
) -> None:
    kind = kind_of(name, version, platform, usual="", registries=KNOWN)
    assert (kind.installed.ecosystem, kind.installed.version, kind.scope, kind.platform) == (ecosystem, installed, scope, own_platform)


def test_a_bare_name_among_java_archives_is_one() -> None:
    java = [("netty", "4.1.48.Final"), ("a:b", "1.0"), ("spring-core", "5.2.12.RELEASE"), ("mercurial", "2.14")]
    assert usual_registry(java) == "maven"
    assert usual_registry(java[2:]) == ""
    assert kind_of("mercurial", "2.14", "rhel-8", usual="maven", registries=KNOWN).installed.ecosystem == "maven"
    assert kind_of("mercurial", "2.14", "rhel-8", usual="", registries=KNOWN).installed.ecosystem == "pypi"


@pytest.mark.parametrize(
    ("guess", "platform"), [("debian:11", "debian-11"), ("rhel-like:8", "rhel-8"), ("alpine", "alpine"), ("none/language-only", "")]
)
def test_the_guessed_system_is_a_platform(guess: str, platform: str) -> None:
    assert platform_of_guess(guess) == platform
