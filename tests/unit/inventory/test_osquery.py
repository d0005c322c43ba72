"""osquery result logs: what the real tool wrote, every shape, and hostile input."""

import json
from dataclasses import astuple

import pytest

from inventory.records import InstalledSoftware
from inventory.sources import osquery
from inventory.sources.frame import Limits
from tests.unit.inventory.sources import lines, named, read, sample


def snapshot(table: str, *rows: object, host: str = "h1") -> dict[str, object]:
    return {"name": f"pack_tvm_{table}", "hostIdentifier": host, "unixTime": "1", "action": "snapshot", "snapshot": list(rows)}


def event(action: str, columns: object, *, table: str = "programs", counter: int = 3, host: str = "h1") -> dict[str, object]:
    return {"name": f"pack/tvm/{table}", "hostIdentifier": host, "action": action, "counter": counter, "columns": columns}


def test_the_captured_log_is_one_debian_machine() -> None:
    (report,), rejected = read("osquery", sample("osquery-results.log"))
    assert rejected == []
    assert report.machine.external_id == "5f0c6b0e-6a53-4c0b-9d0a-2f1f3a7c9b11"
    assert (report.machine.name, report.machine.platform, report.machine.family) == ("build-07", "debian-12", "linux")
    assert report.machine.architecture == "x86_64"
    assert report.covers == {"deb", "os"}
    assert (
        InstalledSoftware("deb", "openssl", named(report, "openssl")[0].version, evidence=("libssl3",), package="libssl3")
        in report.software
    )
    assert named(report, "bash")[0].version == "5.2.15-2"  # the source's version, without the mark of a rebuild
    assert named(report, "debian") == [InstalledSoftware("os", "debian", "12", "debian", platform="debian-12")]


def test_windows_programs_and_system() -> None:
    data = lines(
        snapshot(
            "os_version",
            {
                "name": "Microsoft Windows 10 Enterprise",
                "version": "10.0.22631",
                "build": "22631",
                "revision": "3007",
                "platform": "windows",
            },
        ),
        snapshot("system_info", {"hostname": "PC-1.corp.example", "computer_name": "PC-1", "cpu_type": "x86_64"}),
        snapshot(
            "programs",
            {
                "name": "7-Zip 23.01 (x64)",
                "version": "23.01",
                "publisher": "Igor Pavlov",
                "install_location": "C:\\7",
                "identifying_number": "",
            },
        ),
        snapshot("patches", {"hotfix_id": "KB5034123", "csname": "PC-1"}),
    )
    (report,), rejected = read("osquery", data)
    assert rejected == []
    assert (report.machine.platform, report.machine.os_name, report.machine.os_version) == (
        "windows",
        "Windows 11 Enterprise",
        "10.0.22631.3007",
    )
    assert report.covers == {"cpe", "os"}
    assert InstalledSoftware("cpe", "7-Zip 23.01 (x64)", "23.01", "Igor Pavlov", evidence=("C:\\7",)) in report.software
    system = named(report, "Windows 11")[0]
    assert (system.ecosystem, system.vendor, system.version, system.evidence) == ("os", "Microsoft", "10.0.22631.3007", ("KB5034123",))


def test_macos_apps_and_homebrew() -> None:
    data = lines(
        snapshot("os_version", {"name": "macOS", "version": "14.2.1", "platform": "darwin", "build": "23C71"}),
        snapshot("apps", {"name": "Google Chrome.app", "bundle_name": "Chrome", "bundle_identifier": "com.google.Chrome",
                          "bundle_short_version": "120.0.6099.109", "path": "/Applications/Google Chrome.app"}),
        snapshot("homebrew_packages", {"name": "openssl@3", "version": "3.2.0", "path": "/opt/homebrew"}),
        snapshot("chrome_extensions", {"name": "An extension", "version": "1.2", "identifier": "abc"}),
    )  # fmt: skip
    (report,), _ = read("osquery", data)
    assert report.machine.platform == "macos"
    assert named(report, "Chrome")[0].vendor == "google"
    assert named(report, "openssl@3")[0].vendor == "homebrew"
    assert named(report, "macOS")[0].version == "14.2.1"
    assert report.covers == {"cpe", "os", "other/homebrew", "other/chrome extension"}


def test_identifiers_go_with_apps_and_extensions() -> None:
    data = lines(
        snapshot("apps", {"name": "My Browser.app", "bundle_identifier": "com.google.Chrome", "bundle_short_version": "120.0"}),
        snapshot("chrome_extensions", {"name": "An extension", "version": "1.2", "identifier": "abc"}),
        snapshot("firefox_addons", {"name": "An addon", "version": "1.3", "identifier": "addon@example.org"}),
        snapshot("safari_extensions", {"name": "Another", "version": "1.4", "identifier": "org.example.another"}),
        snapshot("vscode_extensions", {"name": "example.tool", "version": "1.5", "publisher": "Example", "uuid": "12-34"}),
    )
    (report,), rejected = read("osquery", data)
    assert rejected == []
    assert {record.name: (record.vendor, record.identifier) for record in report.software} == {
        "My Browser.app": ("google", "com.google.Chrome"),
        "An extension": ("chrome extension", "abc"),
        "An addon": ("firefox addon", "addon@example.org"),
        "Another": ("safari extension", "org.example.another"),
        "example.tool": ("vscode extension", "12-34"),
    }
    assert report.covers >= {"other/firefox addon", "other/safari extension", "other/vscode extension"}


def test_rpm_python_and_npm_packages() -> None:
    data = lines(
        snapshot("os_version", {"name": "Red Hat Enterprise Linux", "version": "9.3 (Plow)", "platform": "rhel"}),
        snapshot(
            "rpm_packages",
            {"name": "openssl-libs", "version": "3.0.7", "release": "24.el9", "source": "openssl-3.0.7-24.el9.src.rpm", "epoch": "1"},
        ),
        snapshot("python_packages", {"name": "Typing_Extensions", "version": "4.8", "directory": "/usr/lib"}),
        snapshot("npm_packages", {"name": "@babel/core", "version": "7.23.0"}),
    )
    (report,), _ = read("osquery", data)
    assert InstalledSoftware("rpm", "openssl", "1:3.0.7-24.el9", evidence=("openssl-libs",), package="openssl-libs") in report.software
    assert named(report, "typing-extensions")[0].ecosystem == "pypi"
    assert named(report, "@babel/core")[0].ecosystem == "npm"
    assert report.covers == {"rpm", "pypi", "npm", "os"}


def test_removed_packages_of_a_status_are_not_installed() -> None:
    row = {"name": "vim", "version": "1", "source": "", "status": "deinstall ok config-files"}
    (report,), _ = read("osquery", lines(snapshot("deb_packages", row, {**row, "name": "nano", "status": "install ok installed"})))
    assert [record.name for record in report.software] == ["nano"]


def test_the_table_is_known_by_columns_where_the_query_has_a_name_of_its_own() -> None:
    query = snapshot("x", {"name": "7-Zip", "version": "23.01", "install_location": "C:\\7", "uninstall_string": "u"})
    query["name"] = "what is installed"
    (report,), rejected = read("osquery", lines(query))
    assert rejected == []
    assert report.covers == {"cpe"}


def test_initial_differential_results_are_complete() -> None:
    data = lines(
        event("added", {"name": "7-Zip", "version": "23.01"}, counter=0), event("added", {"name": "Git", "version": "2.43"}, counter=0)
    )
    (report,), _ = read("osquery", data)
    assert report.covers == {"cpe"}
    assert [record.name for record in report.software] == ["7-Zip", "Git"]


def test_later_differential_rows_only_add_and_remove() -> None:
    batch = {
        "name": "programs",
        "hostname": "h1",
        "diffResults": {"added": [{"name": "Git", "version": "2.43"}], "removed": [{"name": "Git", "version": "2.42"}]},
    }
    (report,), rejected = read("osquery", lines(event("added", {"name": "7-Zip", "version": "23.01"}), batch))
    assert rejected == []
    assert report.covers == frozenset()
    assert [(record.name, record.version) for record in report.software] == [("7-Zip", "23.01"), ("Git", "2.43")]
    assert [(record.name, record.version) for record in report.removed] == [("Git", "2.42")]


def test_differential_rows_after_a_snapshot_change_it() -> None:
    row = {"name": "Git", "version": "2.42"}
    data = lines(
        snapshot("programs", row, {"name": "Zoom", "version": "5"}),
        event("removed", row),
        event("added", {"name": "Git", "version": "2.43"}),
    )
    (report,), _ = read("osquery", data)
    assert report.covers == {"cpe"}
    assert sorted(record.version for record in report.software) == ["2.43", "5"]
    assert report.removed == ()


def test_the_last_snapshot_of_a_table_counts() -> None:
    data = lines(snapshot("programs", {"name": "Git", "version": "1"}), snapshot("programs", {"name": "Git", "version": "2"}))
    (report,), _ = read("osquery", data)
    assert [record.version for record in report.software] == ["2"]


def test_hosts_are_kept_apart_and_a_post_of_the_remote_logger_is_read() -> None:
    events = [
        snapshot("programs", {"name": "Git", "version": "1"}, host="a"),
        snapshot("programs", {"name": "Git", "version": "2"}, host="b"),
    ]
    for data in (lines(*events), json.dumps(events).encode(), json.dumps({"node_key": "k", "log_type": "result", "data": events}).encode()):
        reports, rejected = read("osquery", data)
        assert rejected == []
        assert [(report.machine.external_id, report.software[0].version) for report in reports] == [("a", "1"), ("b", "2")]


ROW = {"name": "Git", "version": "2.43", "publisher": "x"}


@pytest.mark.parametrize("shape", ["snapshot", "event", "batch", "batch of an old agent"])
@pytest.mark.parametrize("stamp", [1412123850, "1412123850"])
def test_every_log_shape_gives_the_same_installation(shape: str, stamp: object) -> None:
    shapes: dict[str, dict[str, object]] = {
        "snapshot": {"hostIdentifier": "h1", "action": "snapshot", "snapshot": [ROW]},
        "event": {"hostIdentifier": "h1", "epoch": "0", "counter": "0", "action": "added", "columns": ROW},
        "batch": {"hostIdentifier": "h1", "counter": 7, "diffResults": {"added": [ROW], "removed": ""}},
        "batch of an old agent": {"hostname": "h1", "diffResults": {"added": [ROW], "removed": []}},
    }
    data = lines({"name": "pack_tvm_programs", "calendarTime": "Tue Sep 30 17:37:30 2014", "unixTime": stamp, **shapes[shape]})
    (report,), rejected = read("osquery", data)
    assert rejected == []
    assert report.machine.external_id == "h1"
    assert report.software == (InstalledSoftware("cpe", "Git", "2.43", "x"),)
    assert report.covers == ({"cpe"} if shape in {"snapshot", "event"} else frozenset())  # a batch says what changed only


@pytest.mark.parametrize(
    ("table", "row", "expected", "covers"),
    [
        ("vscode_extensions", {"name": "ms-python.python", "version": "2024.8.1", "uuid": "u-1", "path": "/home/x"},
         ("other", "ms-python.python", "2024.8.1", "vscode extension", ("u-1", "/home/x")), "other/vscode extension"),
        ("firefox_addons", {"name": "An add-on", "version": "1.58", "identifier": "a@example.org", "creator": "x", "path": "/p"},
         ("other", "An add-on", "1.58", "firefox addon", ("a@example.org", "/p")), "other/firefox addon"),
        ("chrome_extensions", {"name": "An extension", "version": "1", "identifier": "abc", "path": "/p"},
         ("other", "An extension", "1", "chrome extension", ("abc", "/p")), "other/chrome extension"),
        ("python_packages", {"name": "Requests", "version": "2.31.0", "directory": "/usr/lib"},
         ("pypi", "requests", "2.31.0", "", ("/usr/lib",)), "pypi"),
        ("npm_packages", {"name": "@babel/core", "version": "7.23.0", "path": "/opt/app"},
         ("npm", "@babel/core", "7.23.0", "", ("/opt/app",)), "npm"),
        ("chocolatey_packages", {"name": "git", "version": "2.43", "path": "C:\\c"},
         ("other", "git", "2.43", "chocolatey", ("C:\\c",)), "other/chocolatey"),
    ],
)  # fmt: skip
def test_tables_of_packages_and_extensions(table: str, row: dict[str, str], expected: tuple[object, ...], covers: str) -> None:
    (report,), rejected = read("osquery", lines(snapshot(table, row)))
    assert rejected == []
    (made,) = report.software
    assert (made.ecosystem, made.name, made.version, made.vendor, made.evidence) == expected
    assert report.covers == {covers}


def test_updates_that_went_well_are_evidence_of_windows() -> None:
    title = "2024-07 Cumulative Update for Windows 11 Version 23H2 for x64-based Systems ({})"
    history = [
        {"title": title, "operation": operation, "result_code": code, "hresult": "0", "update_revision": "1"}
        for title, operation, code in (
            (title.format("KB5040442"), "Installation", "Succeeded"),
            (title.format("KB5039895"), "Installation", "Failed"),
            (title.format("KB5039302"), "Uninstallation", "Succeeded"),
            ("Security Intelligence Update", "Installation", "Succeeded"),
        )
    ]
    system = {"name": "Microsoft Windows 11 Pro", "version": "10.0.22631", "build": "22631", "revision": "3880", "platform": "windows"}
    rows = (snapshot("windows_update_history", *history), snapshot("patches", {"hotfix_id": "KB5037591"}))
    (report,), rejected = read("osquery", lines(snapshot("os_version", system), *rows))
    assert rejected == []
    assert named(report, "Windows 11")[0].evidence == ("KB5040442", "KB5037591")
    (report,), _ = read("osquery", lines(*rows))  # without the version the machine's own Windows is meant
    assert (report.software[0].name, report.software[0].evidence) == ("", ("KB5040442", "KB5037591"))


def test_parts_of_system_info_and_os_version_may_be_missing() -> None:
    data = lines(
        snapshot("os_version", {"name": "Ubuntu", "version": "22.04.4 LTS (Jammy Jellyfish)", "platform": "ubuntu"}),
        snapshot("system_info", {"hostname": "web01.corp.example"}),
    )
    (report,), rejected = read("osquery", data)
    assert rejected == []
    facts = report.machine
    assert (facts.name, facts.domain, facts.platform, facts.architecture) == ("web01.corp.example", "corp.example", "ubuntu-22.04", "")


GOOD = snapshot("programs", {"name": "Git", "version": "2.43"})


@pytest.mark.parametrize(
    ("bad", "place", "words"),
    [
        (b'{"name": "programs", "hostIdentifier": "h1", "snapshot": [{"name": "Gi', "line 1", "not valid JSON"),
        (b"\x00\x01\x02", "line 1", "not valid JSON"),
        (b'{"a":' * 100_000, "line 1", "nested too deep"),
        (b"7", "line 1", "no object"),
        (lines({"name": "programs", "action": "snapshot", "snapshot": []}), "line 1", "hostIdentifier is missing"),
        (lines({"name": 7, "hostIdentifier": "h1", "snapshot": []}), "line 1", "name is a number"),
        (lines({"name": "programs", "hostIdentifier": "h1"}), "line 1", "neither snapshot"),
        (lines({"name": "programs", "hostIdentifier": "h1", "action": "snapshot", "snapshot": {}}), "line 1", "no list"),
        (lines({"name": "users", "hostIdentifier": "h1", "action": "snapshot", "snapshot": [{"uid": "0"}]}), "line 1", "no table"),
        (lines(snapshot("programs", {"name": ["x"], "version": "1"})), "line 1, row 1", "list or an object"),
        (lines(snapshot("programs", {"name": 7, "version": "1"})), "line 1, row 1", "name is a number"),
        (lines(snapshot("programs", {"version": "1"})), "line 1, row 1", "name is missing"),
        (lines(snapshot("programs", "row")), "line 1, row 1", "no object"),
        (lines(snapshot("programs", {"name": "a\x00b", "version": "1"})), "line 1, row 1", "NUL"),
        (lines(snapshot("programs", {"name": "n" * 201, "version": "1"})), "line 1, row 1", "longer than 200"),
        (lines(snapshot("programs", {"name": "n", "version": "1" * 201})), "line 1, row 1", "longer than 200"),
        (lines(snapshot("programs", {"name": "n", "version": "1", "publisher": "p" * 5000})), "line 1, row 1", "longer than 4096"),
        (b'{"name":"programs","hostIdentifier":"h1","snapshot":[{"name":"\\ud800","version":"1"}]}', "line 1, row 1", "Unicode"),
        (lines(snapshot("os_version", {"name": {"x": 1}})), "line 1", "something other than text"),
    ],
)
def test_a_bad_record_is_named_and_the_good_ones_stay(bad: bytes, place: str, words: str) -> None:
    reports, (rejected,) = read("osquery", bad + b"\n" + lines(GOOD))
    assert rejected.place == place
    assert words in rejected.reason
    assert [record.name for report in reports for record in report.software] == ["Git"]


@pytest.mark.parametrize(
    ("data", "words"), [(b"[" * 1_000_000, "deeper than 128"), (b'[{"name": "programs"', "not valid JSON"), (b"[}", "not valid JSON")]
)
def test_a_hostile_list_costs_nothing(data: bytes, words: str) -> None:
    reports, rejected = read("osquery", data)
    assert reports == []
    assert words in rejected[0].reason


def test_an_overlong_line_is_passed_over_without_being_read_whole() -> None:
    reports, (rejected,) = read("osquery", b'{"name":"' + b"x" * 5000 + b'"}\n' + lines(GOOD), Limits(line=1000))
    assert "longer than 1,000 bytes" in rejected.reason
    assert len(reports) == 1


def test_a_host_with_too_many_records_keeps_the_first_and_loses_nothing() -> None:
    rows = [{"name": f"n{number}", "version": "1"} for number in range(10)]
    (report,), (rejected,) = read("osquery", lines(snapshot("programs", *rows)), Limits(records=4))
    assert "more than 4 records" in rejected.reason
    assert len(report.software) == 4
    assert report.covers == frozenset()  # what was left out must not look removed


def test_a_query_that_is_not_read_is_named_once() -> None:
    other = {"name": "users", "hostIdentifier": "h1", "action": "snapshot", "snapshot": [{"uid": "0"}]}
    _, rejected = read("osquery", lines(other, other, other))
    assert len(rejected) == 1


def test_rows_are_remembered_within_bounds_and_mean_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"name": f"Tool {number}", "version": "1", "publisher": "x" * (600 if number == 9 else 5)} for number in range(10)]
    first = read("osquery", lines(snapshot("programs", *rows)))
    monkeypatch.setattr(osquery, "_ROWS_KEPT", 4)
    osquery._kept.cache_clear()
    assert read("osquery", lines(snapshot("programs", *rows, *rows))) == first
    kept = osquery._kept("programs", astuple(Limits()))
    assert 0 < len(kept) <= 4
    assert not any("x" * 600 in values for values in kept)
