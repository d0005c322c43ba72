"""Makes `.venv` from the hash-pinned requirements and continues in it. Standard library only.

An interpreter that already has the pinned Django (a container, an operator's own environment) is
used as it is.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
VENV = BASE / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = BASE / "requirements.txt"
# Written when everything is installed: without it, or with another digest, the work is done again.
STAMP = VENV / "requirements.sha256"


class EnvironmentFailure(Exception):
    """The environment cannot be made; the message says what to do."""


def enter(arguments: Sequence[str]) -> None:
    """Return where this interpreter can run the portal; else make `.venv` and run `arguments` in it."""
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if not inside and _has_pinned_django():
        return
    if inside and _is_current():
        return
    try:
        with _one_at_a_time():
            if not _is_current():
                _make()
    except EnvironmentFailure as failure:
        sys.exit(str(failure))
    os.execv(str(PYTHON), [str(PYTHON), *arguments])


def digest(requirements: Path) -> str:
    """What an environment is current against."""
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


def pinned_packages(requirements: str) -> dict[str, str]:
    """Name to version of every `name==version` line."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", requirements, re.MULTILINE))


def _has_pinned_django() -> bool:
    try:
        return metadata.version("django") == pinned_packages(REQUIREMENTS.read_text())["django"]
    except metadata.PackageNotFoundError:
        return False


def _is_current() -> bool:
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text().strip() == digest(REQUIREMENTS)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two commands started together must not install over each other."""
    try:
        import fcntl
    except ImportError:
        raise EnvironmentFailure("TVM Portal runs on Linux and macOS; on Windows, use it inside WSL.") from None
    with REQUIREMENTS.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make() -> None:
    count = len(pinned_packages(REQUIREMENTS.read_text()))
    _say(f"{'Updating' if PYTHON.exists() else 'Making'} the environment in .venv ({count} packages, once) ...")
    STAMP.unlink(missing_ok=True)
    uv = shutil.which("uv")
    if uv and subprocess.run([uv, "--version"], capture_output=True, check=False).returncode == 0:
        _make_with_uv(uv)
    else:
        _make_with_pip()
    STAMP.write_text(digest(REQUIREMENTS) + "\n")
    _say("The environment is ready.")


def _make_with_uv(uv: str) -> None:
    if not PYTHON.exists():
        _run([uv, "venv", "--quiet", "--clear", "--python", _base_python(), str(VENV)])
    _run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(PYTHON), str(REQUIREMENTS)])


def _make_with_pip() -> None:
    """Slower, but all of it comes with Python. pip shows a line per package on a terminal."""
    if importlib.util.find_spec("ensurepip") is None:
        raise EnvironmentFailure("This Python cannot make virtual environments. On Debian or Ubuntu: sudo apt install python3-venv")
    if not _has_pip():
        _run([_base_python(), "-m", "venv", "--clear", str(VENV)])
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    _run([str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *quiet, "--require-hashes", "-r", str(REQUIREMENTS)])


def _has_pip() -> bool:
    """False without `.venv`, in one made by uv, and in one whose making was interrupted."""
    return PYTHON.exists() and subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def _base_python() -> str:
    """The interpreter below any virtual environment, because `.venv` may be about to be replaced."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=sys.stderr, check=False)
    if done.returncode:
        raise EnvironmentFailure(
            f"The environment could not be made: {Path(command[0]).name} ended with {done.returncode}, see above. "
            "Check the network and the package index, then run the same command again."
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
