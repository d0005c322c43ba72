"""Where the servers' programs, data, sockets and logs are."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import stat
from collections.abc import Iterator
from pathlib import Path

# A unix socket's path ends at 104 bytes on macOS and 108 on Linux.
LONGEST_SOCKET = 100


class EmbeddedError(RuntimeError):
    """An embedded server cannot be had or does not start; the message says why and what to do."""


def package_dir(name: str) -> Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"{name} is not installed or has no wheel for this system: set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(next(iter(spec.submodule_search_locations)))


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def private_dir(folder: Path, owner: int | None = None) -> Path:
    """Make `folder` readable by its owner only (`owner`: a user id, ours by default)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if owner is not None and folder.lstat().st_uid == os.geteuid():
        os.chown(folder, owner, -1)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != (os.geteuid() if owner is None else owner):
        raise EmbeddedError(f"{folder} belongs to somebody else: remove it or choose another PORTAL_DATA.")
    folder.chmod(0o700)
    return folder


def tag(home: Path) -> str:
    """A short name for a data folder, the same in every process."""
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:10]


def socket_dir(home: Path) -> Path:
    """`home`/run, or a short private folder where that path is too long for a unix socket."""
    folder = home / "run"
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) > LONGEST_SOCKET:
        folder = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp") / f"portal-{os.geteuid()}-{tag(home)}"  # noqa: S108
    return private_dir(folder)


def tail(log: Path, size: int = 3000) -> str:
    """The end of a log file, for an error message."""
    try:
        return log.read_text(errors="replace")[-size:]
    except OSError:
        return ""
