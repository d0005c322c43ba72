"""`manage.py pull_fleet`: read the hosts of a Fleet server."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory import fleet
from inventory.errors import FleetUnavailable
from tvm_portal import pipeline


class Command(BaseCommand):
    help = "Read hosts, software and policies from the Fleet server of FLEET_URL and FLEET_TOKEN, then score what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-recompute", action="store_true", help="Leave matching and scoring to the workers.")

    def handle(self, *args: Any, no_recompute: bool, **options: Any) -> None:
        begun = time.monotonic()
        try:
            found = fleet.pull(now=timezone.now(), by="command line", progress=self._progress)
        except FleetUnavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{found.hosts:,} hosts read, {found.unchanged:,} of them unchanged, {found.silent:,} silent ones left out,"
            f" {found.rejected:,} records rejected ({time.monotonic() - begun:,.1f} s)"
        )
        if not no_recompute:
            while pipeline.refresh(now=timezone.now()):
                pass

    def _progress(self, found: fleet.Pull) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{found.hosts:,} hosts", ending="")
