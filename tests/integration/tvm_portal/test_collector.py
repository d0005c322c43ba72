"""The collector that docs/howto/collect.md gives, run as it stands there against a live portal."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from core.models import ApiToken
from core.tokens import make_token
from inventory.models import IngestRun, Installation, Machine

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "howto" / "collect.md"
NEEDED = ("curl", "gzip", "dpkg-query")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"needs {', '.join(NEEDED)}"),
    pytest.mark.skipif(not Path("/var/lib/dpkg/status").exists(), reason="not a Debian machine"),
]


def script(folder: Path) -> str:
    """The shell collector, with its folder of settings put elsewhere."""
    found = re.search(r"```sh\n(#!/bin/sh\n.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found
    return found[1].replace("/etc/tvm-report/", f"{folder}/")


def run(folder: Path, portal: str, token: str) -> subprocess.CompletedProcess[str]:
    (folder / "portal").write_text(portal + "\n")
    (folder / "header").write_text(f"Authorization: Bearer {token}\n")
    environment = {"PATH": os.environ["PATH"], "no_proxy": "*"}
    return subprocess.run(["sh", "-c", script(folder)], capture_output=True, text=True, check=False, timeout=120, env=environment)


def test_the_collector_reports_this_machine(live_server: Any, tmp_path: Path) -> None:
    token = make_token(name="collectors", scope=ApiToken.Scope.INGEST, by="test", now=timezone.now())[1]
    done = run(tmp_path, live_server.url, token)
    assert done.returncode == 0, done.stderr
    machine = Machine.objects.get()
    assert machine.external_id == os.uname().nodename
    assert machine.platform
    assert Installation.objects.filter(machine=machine, version__software__ecosystem="deb").count() > 50
    again = run(tmp_path, live_server.url, token)
    assert again.returncode == 0
    assert IngestRun.objects.count() == 1, "what is sent again as it was leaves no run"
    assert json.loads(again.stdout)["machinesUnchanged"] == 1


def test_a_refused_report_ends_with_the_reason(live_server: Any, tmp_path: Path) -> None:
    done = run(tmp_path, live_server.url, "wrong")
    assert done.returncode != 0
    assert "bearer token" in done.stdout + done.stderr
