"""The embedded servers after every kind of end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from core.embedded import EmbeddedError, Postgres, Valkey
from core.embedded.processes import LINUX, is_running, started_at
from core.environment import BASE

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]
linux = pytest.mark.skipif(not LINUX, reason="processes end with their parent on Linux only")


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Callable[..., Postgres]]:
    """Servers on one data folder, as further processes would make them."""
    made: list[Postgres] = []

    def make(*, fast: bool = True) -> Postgres:
        made.append(Postgres(tmp_path, fast=fast))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def _ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
        return row and row[0]


def _fill(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 10000) AS n")


def test_data_stays_and_the_settings_are_ours(postgres: Callable[..., Postgres]) -> None:
    first = postgres()
    _fill(first.start())
    first.stop()
    url = postgres().start()
    assert _ask(url, "SELECT count(*) FROM kept") == 10000
    assert _ask(url, "SHOW listen_addresses") == ""
    assert _ask(url, "SHOW work_mem") == "32MB"


@pytest.mark.parametrize("everything", [False, True], ids=["postmaster", "all of it"])
def test_a_killed_server_recovers(postgres: Callable[..., Postgres], everything: bool) -> None:
    first = postgres(fast=False)
    _fill(first.start())
    assert first.process
    victims = [first.process.pid]
    if everything and LINUX:
        victims += [int(pid) for pid in Path(f"/proc/{first.process.pid}/task/{first.process.pid}/children").read_text().split()]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    second = postgres(fast=False)  # the first was not waited for: its process is a zombie
    assert _ask(second.start(), "SELECT count(*) FROM kept") == 10000


def test_a_server_on_its_way_out_is_waited_for_and_replaced(postgres: Callable[..., Postgres]) -> None:
    first = postgres(fast=False)
    _fill(first.start())
    assert first.process
    first.process.send_signal(signal.SIGINT)
    began = time.monotonic()
    second = postgres(fast=False)
    assert _ask(second.start(), "SELECT count(*) FROM kept") == 10000
    assert time.monotonic() - began < 20


def test_a_lock_file_that_names_another_process_is_no_obstacle(postgres: Callable[..., Postgres]) -> None:
    first = postgres()
    url = first.start()
    lock = (first.place.data / "postmaster.pid").read_text().splitlines()
    first.stop()
    (first.place.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lock[1:]]) + "\n")
    assert _ask(url if postgres().start() == url else "", "SELECT 1") == 1


def test_an_interrupted_first_start_is_begun_again(postgres: Callable[..., Postgres]) -> None:
    server = postgres()
    part = server.place.data.with_name(f"{server.place.data.name}.part")
    part.mkdir(parents=True)
    (part / "half").touch()
    assert _ask(server.start(), "SELECT 1") == 1
    assert not part.exists()


def test_started_together_one_starts_and_the_others_join(postgres: Callable[..., Postgres]) -> None:
    servers = [postgres() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        urls = set(pool.map(lambda server: server.start(), servers))
    assert len(urls) == 1
    assert len([server for server in servers if server.process]) == 1


def test_a_long_path_with_spaces_moves_the_socket(tmp_path: Path) -> None:
    server = Postgres(tmp_path / ("a long name " * 8), fast=True)
    try:
        assert _ask(server.start(), "SELECT 1") == 1
    finally:
        server.stop()


@linux
def test_servers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time; from core.embedded import Postgres, Valkey; home = pathlib.Path(sys.argv[1]);"
        "p = Postgres(home, fast=True); p.start(); v = Valkey(home); v.start();"
        "print(p.process.pid, v.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=BASE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    end = time.monotonic() + 10
    while any(started_at(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    assert [started_at(pid) for pid in pids] == ["", ""]


def test_valkey_keeps_queued_work_over_a_kill(tmp_path: Path) -> None:
    import redis

    first = Valkey(tmp_path)
    with redis.Redis.from_url(first.start()) as client:
        client.lpush("queue", "task")
        client.config_set("appendfsync", "always")
        client.lpush("queue", "another")
    assert first.process
    first.process.kill()
    first.process.wait()
    second = Valkey(tmp_path)
    try:
        with redis.Redis.from_url(second.start()) as client:
            assert client.llen("queue") == 2
    finally:
        second.stop()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (None, "has no postgres, initdb, psql: set PORTAL_PG_BIN"),
        ("postgres (PostgreSQL) 14.9", "holds postgres \\(PostgreSQL\\) 14.9: PostgreSQL 15"),
    ],
)
def test_programs_that_will_not_do_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str | None, sentence: str) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("postgres", "initdb", "psql") if answer else ():
        (programs / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PORTAL_PG_BIN", str(programs))
    with pytest.raises(EmbeddedError, match=sentence):
        Postgres(tmp_path / "data").start()


def test_a_number_used_again_is_not_taken_for_a_server() -> None:
    assert not is_running(os.getpid(), "postgres")
    assert not is_running(2**22 + 1, "postgres")
