"""What `manage.py` supplies where the environment does not: servers, a key, host names."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import IO

from core.embedded import Postgres, Valkey
from core.environment import BASE
from tvm_portal import env

HOSTS = "localhost,127.0.0.1,[::1]"


class Servers:
    """The embedded servers of a data folder, for those of DATABASE_URL and REDIS_URL that are not set."""

    def __init__(self, *, home: Path, environ: MutableMapping[str, str]) -> None:
        self.postgres = None if environ.get("DATABASE_URL") else Postgres(home)
        self.valkey = None if environ.get("REDIS_URL") else Valkey(home)
        self._environ = environ

    @property
    def needed(self) -> bool:
        return bool(self.postgres or self.valkey)

    @property
    def started(self) -> bool:
        """Whether this process runs one of them, instead of having joined it."""
        return bool((self.postgres and self.postgres.process) or (self.valkey and self.valkey.process))

    def start(self) -> None:
        """Start or join them and put their addresses into the environment. Raises EmbeddedError."""
        if self.postgres:
            self._environ["DATABASE_URL"] = self.postgres.start()
        if self.valkey:
            self._environ["REDIS_URL"] = self.valkey.start()

    def revive(self) -> list[str]:
        """Start again what is gone; returns the names. Addresses stay the same."""
        revived = []
        if self.postgres and not self.postgres.alive():
            self.postgres.start()
            revived.append("PostgreSQL")
        if self.valkey and not self.valkey.alive():
            self.valkey.start()
            revived.append("Valkey")
        return revived

    def stop(self) -> None:
        """Stop those that this process started."""
        if self.valkey:
            self.valkey.stop()
        if self.postgres:
            self.postgres.stop()


def data_folder(environ: MutableMapping[str, str]) -> Path:
    """PORTAL_DATA, made if missing. A relative one is below the project, wherever the command runs."""
    home = BASE / str(env.read("PORTAL_DATA", environ))
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise env.SettingError(f"PORTAL_DATA is not usable: {home} cannot be made ({error.strerror}).") from error
    return home


def supply_settings(*, home: Path, environ: MutableMapping[str, str], generate: bool) -> None:
    """SECRET_KEY and ALLOWED_HOSTS where they are not set.

    The key is generated once and kept. Without `generate` (servers of the operator's own) only a key
    kept by an earlier `manage.py portal` is used, so that a forgotten setting is an error.
    """
    kept = home / "secret_key"
    if not generate and not kept.exists():
        return
    if not environ.get("SECRET_KEY"):
        environ["SECRET_KEY"] = _kept_key(kept)
    if not environ.get("ALLOWED_HOSTS"):
        environ["ALLOWED_HOSTS"] = HOSTS


@contextlib.contextmanager
def surroundings(environ: MutableMapping[str, str]) -> Iterator[None]:
    """Servers and settings for one command; what it started is stopped afterwards.

    Raises SettingError and EmbeddedError.
    """
    home = data_folder(environ)
    servers = Servers(home=home, environ=environ)
    supply_settings(home=home, environ=environ, generate=servers.needed)
    if not servers.needed:
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with (home / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            servers.start()
            yield
        finally:
            if servers.started:
                _wait_for_others(users)
            servers.stop()


def _wait_for_others(users: IO[str]) -> None:
    """Commands that joined the servers of this one must not lose them."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Done. Another command uses the database started by this one; waiting for it (Ctrl-C stops both).", file=sys.stderr)
        with contextlib.suppress(KeyboardInterrupt):
            fcntl.flock(users, fcntl.LOCK_EX)


def _kept_key(file: Path) -> str:
    """Readable by its owner only from the first moment; two commands that start together use the same one."""
    if not file.exists():
        part = file.with_name(f"{file.name}.{os.getpid()}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(part, file)  # unlike a rename, never replaces one that is there
        part.unlink()
    return file.read_text().strip()
