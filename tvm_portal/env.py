"""Every setting that comes from the environment: its name, default, meaning and check.

`SETTINGS` (read by Django) and `START_SETTINGS` (read by `manage.py`) are the only lists;
`docs/settings.md` is checked against them by a test. A wrong value stops the start with one
sentence that names the variable and says what to write.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class SettingError(Exception):
    """A setting is missing or wrong; the message says which and what to write."""


@dataclass(frozen=True)
class Setting:
    name: str
    default: str | None
    meaning: str
    parse: Callable[[str], Any] = str


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("write true or false")


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("write a whole number above 0")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 9:
        raise ValueError("write a whole number from 0 to 9")
    return int(text)


def _history(text: str) -> int:
    if not text.isdecimal() or 0 < int(text) < 200:
        raise ValueError("write a whole number of days from 200, or 0 to keep all")
    return int(text)


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise ValueError("write a number from 1 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < 3600:
        raise ValueError("write seconds from 0 to 3600")
    return number


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _hosts(text: str) -> list[str]:
    hosts = _names(text)
    if not hosts or "*" in hosts:
        raise ValueError("name the hosts the portal answers for, separated by commas; * is not accepted")
    return hosts


def _secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError("write at least 32 random characters")
    return text


def _postgres(text: str) -> str:
    if not text.startswith(("postgres://", "postgresql://")):
        raise ValueError("write an address such as postgresql://user:password@host/database")
    return text


def _web_address(text: str) -> str:
    if text and not text.startswith(("https://", "http://")):
        raise ValueError("write an address such as https://fleet.example.org")
    return text.rstrip("/")


def _mail_server(text: str) -> str:
    if text and not text.startswith(("smtp://", "smtps://")):
        raise ValueError("write an address such as smtp://user:password@mail.example.org:587/?starttls=yes")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def read_word(text: str) -> str:
        if text not in words:
            raise ValueError(f"write one of {', '.join(words)}")
        return text

    return read_word


def _redis(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("write an address such as redis://host:6379 or unix:///run/valkey.sock")
    return text


SETTINGS: tuple[Setting, ...] = (
    Setting("DATABASE_URL", None, "PostgreSQL 15 or newer. `manage.py` starts an embedded one where it is not set.", _postgres),
    Setting(
        "REDIS_URL", None, "Redis or Valkey, without a database number. `manage.py` starts an embedded one where it is not set.", _redis
    ),
    Setting(
        "SECRET_KEY",
        None,
        "Signs sessions. At least 32 random characters. `manage.py portal` keeps a generated one in its data folder.",
        _secret,
    ),
    Setting("ALLOWED_HOSTS", None, "Host names the portal answers for, separated by commas. `manage.py portal` uses localhost.", _hosts),
    Setting("CSRF_TRUSTED_ORIGINS", "", "Origins (https://tvm.example.org) behind a proxy that ends TLS, separated by commas.", _names),
    Setting("DEBUG", "false", "Django's debug pages. Never in production.", _boolean),
    Setting("HTTPS", "false", "The portal is reached over HTTPS: secure cookies, HSTS and redirects.", _boolean),
    Setting(
        "PROXIES", "0", "Proxies of yours in front of the portal, each adding to X-Forwarded-For: who asked is read from there.", _count
    ),
    Setting("KEY_PREFIX", "tvm", "Prefix of every key in Redis, so that one server can serve several portals."),
    Setting("DATABASE_POOL", "true", "Keep a pool of database connections in each web and worker process.", _boolean),
    Setting(
        "INSTALLATION_PARTITIONS",
        "8",
        "Hash partitions of the tables that grow with machines; read when the tables are made. "
        "`manage.py partition_tables --count` changes it later.",
        _whole,
    ),
    Setting("HISTORY_DAYS", "400", "How long the history of days is kept, at least 200; 0 keeps all of it.", _history),
    Setting(
        "FAN_OUT_MACHINES",
        "50000",
        "From so many machines on, full runs are shared among workers, one slice (partition) at a time.",
        _whole,
    ),
    Setting("FAN_OUT_LEASE_SECONDS", "300", "A shared full run on which nobody has worked for so long goes to other workers.", _whole),
    Setting("INGEST_MAX_BYTES", "104857600", "Largest report accepted, after decompression.", _whole),
    Setting("INGEST_MAX_RECORDS", "200000", "Most records accepted in one report.", _whole),
    Setting("INGEST_MAX_FIELD", "4096", "Longest text accepted in one field of a report.", _whole),
    Setting("SEEN_EVERY_MINUTES", "15", "While a machine's reports bring nothing new, the time it was seen is written so often.", _whole),
    Setting("INGEST_SEATS", "8", "Posted reports inside one web process at once; more get 429. Fewer than the server's threads.", _whole),
    Setting("INGEST_AT_ONCE", "2", "Of these, reports that are read and stored at once; the others wait for their turn.", _whole),
    Setting("INGEST_MAX_DIRTY", "100000", "While more machines wait to be computed anew, reports that change something get 429.", _whole),
    Setting("INGEST_MAX_DIRTY_SECONDS", "3600", "The same while the first of them has waited for longer.", _whole),
    Setting("NVD_API_KEY", "", "Key for the NVD API, which then allows ten times as many requests."),
    Setting("FEED_PAUSE_SECONDS", "6", "Pause between two pages of a feed that is read by API.", _seconds),
    Setting("FLEET_URL", "", "Address of a Fleet server whose hosts are read every hour: https://fleet.example.org.", _web_address),
    Setting("FLEET_TOKEN", "", "API token of a Fleet user that may read hosts (an API-only observer)."),
    Setting(
        "PUBLIC_URL", "http://localhost:8000", "Address people reach the portal at; links in mails and tickets start with it.", _web_address
    ),
    Setting("SECRETS_KEY", "", "Encrypts the secrets of ticket systems. Empty: derived from SECRET_KEY, which then must not change."),
    Setting(
        "EMAIL_URL", "", "Mail server: smtp://user:password@host:587/?starttls=yes, or smtps://. Empty: no mail is sent.", _mail_server
    ),
    Setting("EMAIL_FROM", "tvm-portal@localhost", "Sender of every mail."),
    Setting("LOG_FORMAT", "text", "Lines of the logs: text for people, json for programs.", _one_of("text", "json")),
    Setting("SLOW_STATEMENT_MS", "500", "Statements that take longer are counted and shown on the status page.", _whole),
    Setting("STALE_HOURS", "26", "`/readyz` turns red where the last full run is older. A whole number of hours.", _whole),
    Setting("ACTIVE_DAYS", "30", "Machines silent for longer are left out of the scores.", _whole),
)
START_SETTINGS: tuple[Setting, ...] = (
    Setting("PORT", "8000", "Port that `manage.py portal` serves on, on this machine's loopback address.", _port),
    Setting("PORTAL_DATA", "var", "Folder of everything `manage.py` keeps: embedded servers, logs, the generated key."),
    Setting("PORTAL_ADMIN_PASSWORD", "", "Password of the first user, `admin`. Generated and printed once where it is not set."),
    Setting("PORTAL_DEMO", "yes", "Load the demo fleet on the first start of `manage.py portal`.", _boolean),
    Setting("PORTAL_PG_BIN", "", "Folder of the programs of PostgreSQL 15 or newer to use instead of the packaged ones."),
    Setting("PORTAL_NO_USERNS", "", "Any text: started as root, give PostgreSQL another account instead of a user namespace."),
)
_BY_NAME = {setting.name: setting for setting in (*SETTINGS, *START_SETTINGS)}


def check(environ: Mapping[str, str] | None = None) -> None:
    """Read every setting. Raises SettingError for the first one that is missing or wrong."""
    for setting in (*SETTINGS, *START_SETTINGS):
        read(setting.name, environ)


def read(name: str, environ: Mapping[str, str] | None = None) -> Any:
    """The checked value of one setting. Raises SettingError with a sentence for the operator."""
    setting = _BY_NAME[name]
    text = (os.environ if environ is None else environ).get(name, setting.default)
    if text is None:
        raise SettingError(f"{name} is not set. {setting.meaning}")
    try:
        return setting.parse(text)
    except ValueError as error:
        raise SettingError(f"{name} is not usable: {error}. {setting.meaning}") from error
