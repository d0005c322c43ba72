"""The environment is made when it must be, and failures are sentences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core import environment

PINS = """\
amqp==5.4.2 \\
    --hash=sha256:00
celery[redis]==5.7.0 ; sys_platform == 'linux' \\
    --hash=sha256:01
# django==1.0
    # via x
django==5.2.19
"""


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder without `.venv`, and an interpreter without Django."""
    (tmp_path / "requirements.txt").write_text(PINS)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(environment, "STAMP", tmp_path / ".venv" / "requirements.sha256")
    monkeypatch.setattr(environment, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setattr(environment, "_has_pinned_django", lambda: False)
    return tmp_path


@pytest.fixture
def commands(bare: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been run. Making an environment leaves its python, as the real commands do."""
    seen: list[list[str]] = []

    def run(command: list[str]) -> None:
        seen.append(command)
        environment.PYTHON.parent.mkdir(parents=True, exist_ok=True)
        environment.PYTHON.write_text("#!/bin/sh\nexit 0\n")
        environment.PYTHON.chmod(0o755)

    monkeypatch.setattr(environment, "_run", run)
    monkeypatch.setattr("core.environment.os.execv", lambda program, arguments: seen.append([program, *arguments[1:]]))
    return seen


def test_pins_are_read_with_extras_and_markers() -> None:
    assert environment.pinned_packages(PINS) == {"amqp": "5.4.2", "celery": "5.7.0", "django": "5.2.19"}


def test_an_interpreter_with_the_pinned_django_is_used_as_it_is(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_has_pinned_django", lambda: True)
    environment.enter(["manage.py", "check"])
    assert commands == []


def test_a_bare_python_makes_the_environment_and_continues_in_it(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.environment.shutil.which", lambda _: None)
    environment.enter(["manage.py", "check"])
    assert [command[1:3] for command in commands] == [["-m", "venv"], ["-m", "pip"], ["manage.py", "check"]]
    assert "--require-hashes" in commands[1]
    assert environment.STAMP.read_text().strip() == environment.digest(environment.REQUIREMENTS)


def test_a_current_environment_is_only_entered(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.environment.shutil.which", lambda _: None)
    environment.enter(["manage.py", "check"])
    commands.clear()
    environment.enter(["manage.py", "test", "-k", "x"])
    assert commands == [[str(environment.PYTHON), "manage.py", "test", "-k", "x"]]


def test_other_requirements_make_it_again(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.environment.shutil.which", lambda _: None)
    environment.enter(["manage.py", "check"])
    environment.REQUIREMENTS.write_text(PINS + "six==1.0\n")
    commands.clear()
    environment.enter(["manage.py", "check"])
    assert [command[1:3] for command in commands] == [["-m", "pip"], ["manage.py", "check"]]


def test_a_python_without_venv_names_the_package_to_install(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.environment.shutil.which", lambda _: None)
    monkeypatch.setattr("core.environment.importlib.util.find_spec", lambda _: None)
    with pytest.raises(SystemExit, match="sudo apt install python3-venv"):
        environment.enter(["manage.py", "check"])
    assert not environment.STAMP.exists()


def test_an_installation_that_fails_says_what_to_do(bare: Path) -> None:
    with pytest.raises(environment.EnvironmentFailure, match="python.* ended with 3"):
        environment._run([sys.executable, "-c", "raise SystemExit(3)"])


def test_an_old_python_can_read_the_first_file() -> None:
    """No syntax newer than 3.6 in manage.py, and nothing imported before the version is checked."""
    source = (environment.BASE / "manage.py").read_text()
    compile(source, "manage.py", "exec", flags=0, dont_inherit=True, optimize=0)
    tried = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.version_info = (3, 9, 2); sys.argv = ['manage.py']; exec(compile(sys.stdin.read(), 'manage.py', 'exec'))",
        ],
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 1
    assert tried.stderr.startswith("TVM Portal needs Python 3.11 or newer; this is Python 3.9.")
