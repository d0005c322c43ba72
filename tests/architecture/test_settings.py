"""Settings are documented, checked, and safe when nothing is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tvm_portal import env

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = (ROOT / "docs" / "settings.md").read_text()
ALL = (*env.SETTINGS, *env.START_SETTINGS)
NEEDED = {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h", "SECRET_KEY": "x" * 32, "ALLOWED_HOSTS": "tvm.example.org"}
WRONG = {
    "DATABASE_URL": ["", "sqlite:///x.db", "mysql://h/d"],
    "REDIS_URL": ["", "localhost:6379", "amqp://h"],
    "SECRET_KEY": ["", "short"],
    "ALLOWED_HOSTS": ["", "*", "tvm.example.org,*", " , "],
    "DEBUG": ["maybe", "2"],
    "HTTPS": ["perhaps"],
    "DATABASE_POOL": ["x"],
    "INSTALLATION_PARTITIONS": ["0", "-1", "many"],
    "HISTORY_DAYS": ["-1", "30", "all"],
    "INGEST_MAX_BYTES": ["0", "100MB"],
    "FEED_PAUSE_SECONDS": ["-1", "soon"],
    "ACTIVE_DAYS": ["0"],
    "PORT": ["0", "65536", "http", "-1"],
    "PORTAL_DEMO": ["perhaps"],
}


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default_and_meaning(setting: env.Setting) -> None:
    default = "(required)" if setting.default is None else f"`{setting.default}`" if setting.default else "(empty)"
    assert f"| `{setting.name}` | {default} | {setting.meaning} |" in DOCUMENT


def test_nothing_else_is_documented() -> None:
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", DOCUMENT, re.MULTILINE)) == {setting.name for setting in ALL}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_a_wrong_value_gives_one_sentence_that_names_the_setting(name: str, text: str) -> None:
    with pytest.raises(env.SettingError) as raised:
        env.check({**NEEDED, name: text})
    assert str(raised.value).startswith(f"{name} is not usable: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_what_must_be_set_has_no_default(name: str) -> None:
    with pytest.raises(env.SettingError, match=f"^{name} is not set"):
        env.check({key: text for key, text in NEEDED.items() if key != name})


def test_the_defaults_are_safe() -> None:
    env.check(NEEDED)
    assert env.read("DEBUG", NEEDED) is False
    assert env.read("PORTAL_ADMIN_PASSWORD", NEEDED) == ""
    assert [setting.name for setting in env.SETTINGS if setting.default is None] == [
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "ALLOWED_HOSTS",
    ]


def test_code_reads_the_environment_through_env_only() -> None:
    """Launchers and the test set-up touch os.environ for their children; the portal's own code does not."""
    allowed = {"tvm_portal/env.py", "tvm_portal/launch.py", "tvm_portal/wsgi.py", "tvm_portal/celery.py"}
    apps = ("core", "inventory", "weaknesses", "recommendations", "remediation", "exceptions", "tvm_portal")
    found = {
        str(file.relative_to(ROOT))
        for app in apps
        for file in (ROOT / app).rglob("*.py")
        if "core/embedded" not in str(file) and re.search(r"os\.environ|getenv", file.read_text())
    }
    assert found <= allowed
