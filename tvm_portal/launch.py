"""What `python3 manage.py COMMAND` does once its environment is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from core.embedded import EmbeddedError
from core.environment import BASE
from tvm_portal import local, portal
from tvm_portal.env import SettingError

BEHIND = (
    "The database is not up to date with this version: let `python3 manage.py portal` finish its start, or run `python3 manage.py migrate`."
)
UNUSABLE = 2


def main(arguments: Sequence[str]) -> int:
    """The exit code of one command. A setting that is wrong ends it with a sentence and 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tvm_portal.settings")
    command = arguments[1] if len(arguments) > 1 else "help"
    if command == "test":
        test(arguments[2:])
    try:
        if command == "portal":
            return portal.run(os.environ)
        return _django(arguments)
    except (SettingError, EmbeddedError) as error:
        print(error, file=sys.stderr)
        return UNUSABLE


def test(arguments: Sequence[str]) -> None:
    """Become pytest, on two workers unless told otherwise: its exit code and closing line are the command's."""
    os.chdir(BASE)
    spread = [] if _runs_alone(arguments) else ["-n", "2", "--dist", "loadfile"]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *spread, *arguments])


def _runs_alone(arguments: Sequence[str]) -> bool:
    """A debugger needs the terminal, and a single test is quicker without workers."""
    alone = {"--numprocesses", "--pdb", "--trace", "--collect-only", "--co", "--fixtures", "--version", "--help", "-h", "--headed"}
    return any(argument.partition("=")[0] in alone or argument.startswith("-n") or "::" in argument for argument in arguments)


def _django(arguments: Sequence[str]) -> int:
    from django.core.management import execute_from_command_line
    from django.db import ProgrammingError
    from psycopg.errors import UndefinedColumn, UndefinedTable

    with local.surroundings(os.environ):
        try:
            execute_from_command_line(list(arguments))
        except ProgrammingError as error:
            if not isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
                raise
            print(BEHIND, file=sys.stderr)
            return UNUSABLE
    return 0
