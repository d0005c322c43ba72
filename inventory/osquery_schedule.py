"""What an osquery agent is asked for: its `/config` (osquery documentation, "Configuration"). Pure."""

from __future__ import annotations

from typing import Any

INTERVAL = 3600  # seconds between two reports of a table; osquery spreads machines by itself
_QUERIES: tuple[tuple[str, str, str], ...] = (
    # name (the table, by which the log reader knows it), statement, platform. Only columns that decide what is stored.
    ("os_version", "SELECT name, version, major, minor, patch, build, platform, platform_like, codename, arch FROM os_version;", "posix"),
    # The revision that tells Windows' patch level is a column of the newest agents only; the registry has it everywhere.
    (
        "windows/os_version",
        r"""SELECT os.name, os.version, os.build, os.platform, os.codename, ubr.data AS revision FROM os_version AS os
LEFT JOIN registry AS ubr ON ubr.key = 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion' AND ubr.name = 'UBR';""",
        "windows",
    ),
    ("system_info", "SELECT hostname, computer_name, cpu_type, hardware_serial, uuid FROM system_info;", "any"),
    ("python_packages", "SELECT name, version, path, directory FROM python_packages;", "any"),
    ("npm_packages", "SELECT name, version, path, directory FROM npm_packages;", "any"),
    ("chrome_extensions", "SELECT name, version, identifier, path FROM users JOIN chrome_extensions USING (uid);", "any"),
    ("firefox_addons", "SELECT name, version, identifier, path FROM users JOIN firefox_addons USING (uid);", "any"),
    ("vscode_extensions", "SELECT name, version, e.uuid, publisher, path FROM users JOIN vscode_extensions AS e USING (uid);", "any"),
    ("programs", "SELECT name, version, publisher, install_location, identifying_number FROM programs;", "windows"),
    ("patches", "SELECT hotfix_id, installed_on FROM patches;", "windows"),
    ("chocolatey_packages", "SELECT name, version, path FROM chocolatey_packages;", "windows"),
    (
        "apps",
        "SELECT name, display_name, bundle_name, bundle_identifier, bundle_short_version, bundle_version, path FROM apps;",
        "darwin",
    ),
    ("safari_extensions", "SELECT name, version, identifier, path FROM users JOIN safari_extensions USING (uid);", "darwin"),
    ("homebrew_packages", "SELECT name, version, path FROM homebrew_packages;", "darwin"),
    ("deb_packages", "SELECT name, version, source, status FROM deb_packages;", "linux"),
    ("rpm_packages", "SELECT name, version, release, source, epoch FROM rpm_packages;", "linux"),
)


def configuration() -> dict[str, Any]:
    """The schedule of snapshot queries, for agents of every platform: an agent passes over queries of other platforms."""
    schedule = {
        name: {"query": statement, "interval": INTERVAL, "snapshot": True, "platform": platform} for name, statement, platform in _QUERIES
    }
    return {
        "schedule": schedule,
        "decorators": {"load": ["SELECT hostname AS hostname FROM system_info;"]},
        "options": {"schedule_splay_percent": 10},
        "node_invalid": False,
    }
