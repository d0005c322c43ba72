from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from core import partition_moves, partitions
from recommendations.bulk import LOCK

MOST = 256


class Command(BaseCommand):
    help = (
        "How many partitions the tables that grow with machines have, and with --count another number for all of them. "
        "One table after the other, each in one transaction: it can be interrupted and started again. See docs/howto/partitions.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, help="Partitions of each table; without it, the command only says how many there are.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["count"] is not None:
            self._resize(options["count"])
        for table in partitions.tables_by_machine():
            self.stdout.write(f"{table}: {partitions.count(table)} partitions")

    def _resize(self, count: int) -> None:
        if not 1 <= count <= MOST:
            raise CommandError(f"--count: 1 to {MOST}")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [LOCK])
            if not cursor.fetchone()[0]:
                raise CommandError("scores are being computed; try again when that is done")
            try:
                partition_moves.drop_unfinished()
                for table in partitions.tables_by_machine():
                    partition_moves.resize(table, count, say=self._say)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [LOCK])
        if count != settings.INSTALLATION_PARTITIONS:
            self._say(f"Set INSTALLATION_PARTITIONS={count}, so that tables made later agree.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
