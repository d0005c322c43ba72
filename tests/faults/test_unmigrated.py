"""A command on a database that nobody has migrated yet: one sentence, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.faults


def test_a_command_before_the_first_start_says_what_to_do(tmp_path: Path) -> None:
    kept = {
        key: text for key, text in os.environ.items() if not key.startswith(("DATABASE_", "REDIS_", "KEY_", "SECRET_", "ALLOWED_", "COV"))
    }
    (tmp_path / "status").write_text("Package: git\nStatus: install ok installed\nVersion: 1:2.39.5-0+deb12u2\n\n")
    done = subprocess.run(
        [sys.executable, "manage.py", "ingest", str(tmp_path / "status"), "--machine", "m"],
        cwd=ROOT,
        env=kept | {"PORTAL_DATA": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr
