"""What the launchers need of the operating system: lifetimes of processes and the account they run as."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000


def die_with_parent(signum: signal.Signals) -> None:
    """Called in a new child: be sent `signum` when the parent ends, however it ends (Linux only).

    Comes after any change of user, which clears it.
    """
    if LINUX:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def enter_user_namespace() -> None:
    """Become user 1000 of a namespace of one: not root to PostgreSQL, still ourselves to the file system."""
    if _libc.unshare(_CLONE_NEWUSER):  # os.unshare() came with Python 3.12
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", "1000 0 1"), ("gid_map", "1000 0 1")):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def user_namespace_works() -> bool:
    """False where a container's rules refuse namespaces, and on request (PORTAL_NO_USERNS)."""
    if not LINUX or os.environ.get("PORTAL_NO_USERNS"):
        return False
    try:
        seen = subprocess.run(["id", "-u"], preexec_fn=enter_user_namespace, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return seen.stdout.strip() == b"1000"


def unprivileged_account() -> pwd.struct_passwd:
    """The account a server gets when root may not run it and namespaces are refused."""
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    return next(accounts[name] for name in ("portal", "postgres", "nobody") if name in accounts)


def is_running(pid: int, program: str) -> bool:
    """Whether `pid` lives and runs `program`: False for a zombie and for a number used again by something else."""
    if LINUX:
        try:
            command, rest = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)
        except OSError:
            return False
        return rest.split()[0] != "Z" and command.split("(", 1)[1].startswith(program[:15])
    shown = subprocess.run(["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.returncode == 0 and program in shown.stdout and not shown.stdout.lstrip().startswith("Z")


def started_at(pid: int) -> str:
    """When `pid` started, as the system writes it; "" where it is gone or a zombie. With the number, an identity."""
    if LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is `folder` (Linux; elsewhere none are known)."""
    if not LINUX:
        return []
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _working_directory(entry) == str(folder)]


def _working_directory(entry: Path) -> str | None:
    try:
        return str((entry / "cwd").readlink())
    except OSError:
        return None


def own_session(signum: signal.Signals, first: Callable[[], None] | None = None) -> Callable[[], None]:
    """A preexec function: `first`, then a session of its own (Ctrl-C is for the supervisor), then the tie to the parent."""

    def prepare() -> None:
        if first:
            first()
        os.setsid()
        die_with_parent(signum)

    return prepare
