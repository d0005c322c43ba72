"""`manage.py portal`: servers, first data, web, worker and scheduler in one command, until Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from types import FrameType

from core.embedded.processes import own_session
from core.environment import BASE
from core.supervisor import Program, Supervisor
from tvm_portal import env, local

HOST = "127.0.0.1"
READY_SECONDS = 120
ENOUGH_MEMORY = 2_000_000_000
TRIES_BEFORE_READY = 3
WEB_THREADS = 12  # more than INGEST_SEATS: what is left over is for pages


class Stopped(Exception):
    """The person, or the system, asked for the end."""


def run(environ: MutableMapping[str, str]) -> int:
    """Serve until told to stop; returns the exit code. Raises SettingError and EmbeddedError before anything runs."""
    home = local.data_folder(environ)
    servers = local.Servers(home=home, environ=environ)
    local.supply_settings(home=home, environ=environ, generate=True)
    _check_settings(environ)
    port = env.read("PORT", environ)
    environ.setdefault("PUBLIC_URL", f"http://localhost:{port}")
    _catch_signals()
    try:
        with _only_one(home):
            _check_port(port)
            return _serve(servers, home=home, port=port, environ=environ)
    except Stopped:
        return 0


def _serve(servers: local.Servers, *, home: Path, port: int, environ: MutableMapping[str, str]) -> int:
    supervisor: Supervisor | None = None
    try:
        if servers.needed:
            say("Starting the database and the broker ...")
        servers.start()
        if code := _prepare(environ):
            return code
        environ.pop("PORTAL_ADMIN_PASSWORD", None)
        supervisor = Supervisor(programs(home=home, port=port, environ=environ), folder=home, say=say)
        say("Starting web, worker and scheduler ...")
        supervisor.start()
        if not _wait_until_ready(supervisor, port=port, host=_host_header(environ)):
            return 1
        say(f"TVM Portal is ready: http://localhost:{port}/  (Ctrl-C stops it; logs are in {home / 'log'})")
        _watch(supervisor, servers)
    finally:
        _ignore_signals()  # a second Ctrl-C must not leave half of it running
        if supervisor:
            say("Stopping ...")
            supervisor.stop()
        servers.stop()
    return 0


def programs(*, home: Path, port: int, environ: Mapping[str, str]) -> list[Program]:
    """Web, the workers of prompt and of long tasks, and scheduler, in the order they start and stop."""
    celery = [sys.executable, "-m", "celery", "-A", "tvm_portal"]
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port), "--no-ws", "--workers", "1"]
    pool = "prefork" if _free_memory() > ENOUGH_MEMORY else "threads"
    alone = ["--without-mingle", "--without-gossip", "--loglevel", "INFO"]
    worker = [*celery, "worker", "-n", "prompt@%h", "-Q", "celery", "--pool", pool, "--concurrency", "2", *alone]
    long = [*celery, "worker", "-n", "long@%h", "-Q", "long", "--pool", "threads", "--concurrency", "1", *alone]
    beat = [*celery, "beat", "--schedule", str(home / "beat-schedule"), "--pidfile", "", "--loglevel", "INFO"]
    surroundings = {**environ, "PYTHONPATH": str(BASE)}
    return [
        Program("web", [*web, "--blocking-threads", str(WEB_THREADS), "tvm_portal.wsgi:application"], surroundings),
        Program("worker", worker, surroundings, orphaned=signal.SIGKILL),  # would wait for a broker that is gone
        Program("worker-long", long, surroundings, orphaned=signal.SIGKILL),
        Program("beat", beat, surroundings),
    ]


def say(text: str) -> None:
    print(text, flush=True)


def _check_settings(environ: Mapping[str, str]) -> None:
    """Before anything starts. The addresses of servers that are still to start are not known yet."""
    stand_ins = {"DATABASE_URL": "postgresql://", "REDIS_URL": "unix://"}
    env.check({**environ, **{name: text for name, text in stand_ins.items() if not environ.get(name)}})


def _check_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise env.SettingError(
                f"Port {port} cannot be used ({error.strerror}). "
                f"Stop what uses it, or choose another one: PORT={port + 1 if port < 65535 else 8001} python3 manage.py portal"
            ) from error


@contextlib.contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """One portal per data folder; the lock goes with the process, however it ends."""
    with (home / "portal.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise env.SettingError(
                f"A portal already runs with the data in {home} (process {file.read().strip() or 'unknown'}). "
                "Stop it, or give this one a folder of its own: PORTAL_DATA=FOLDER python3 manage.py portal"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _prepare(environ: Mapping[str, str]) -> int:
    """Migrations and first data, in a process of its own that the person sees; returns its exit code."""
    process = subprocess.Popen(
        [sys.executable, str(BASE / "manage.py"), "prepare"],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        preexec_fn=own_session(signal.SIGTERM),
    )
    try:
        return process.wait()
    except Stopped:
        process.terminate()
        process.wait()
        raise


def _wait_until_ready(supervisor: Supervisor, *, port: int, host: str) -> bool:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and supervisor.failures() < TRIES_BEFORE_READY:
        if _answers(port, host):
            return True
        supervisor.tick()
        time.sleep(0.1)
    say(f"The portal did not start; see {supervisor.log('web')}")
    return False


def _answers(port: int, host: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _host_header(environ: Mapping[str, str]) -> str:
    """A name that the portal answers to, whatever ALLOWED_HOSTS is."""
    return str(env.read("ALLOWED_HOSTS", environ)[0]).lstrip(".")


def _watch(supervisor: Supervisor, servers: local.Servers) -> None:
    while True:
        for name in servers.revive():
            say(f"{name} was gone and has been started again.")
        supervisor.tick()
        time.sleep(0.5)


def _catch_signals() -> None:
    """A closed terminal ends it too, unless it was started with nohup."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _stop)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Stopped


def _ignore_signals() -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)


def _free_memory() -> int:
    """Bytes that can be had without swapping, or all there are where the system does not say."""
    with contextlib.suppress(OSError, ValueError, StopIteration), open("/proc/meminfo") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
