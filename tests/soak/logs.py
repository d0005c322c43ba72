"""What the logs of the portal's programs say went wrong, and what of it a fault explains."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

# The last line of a traceback -> which fault leads to it.
KNOWN = {
    r"(OperationalError|AdminShutdown|CrashShutdown|CannotConnectNow|InterfaceError)": "the database was away",
    r".*(server closed the connection|terminating connection|connection is closed|the connection is lost)": "the database was away",
    r".*(PoolTimeout|couldn't get a connection|consuming input failed|discarding closed connection)": "the database was away",
    r".*(starting up|shutting down|in recovery mode|connection failed|refused|No such file or directory)": "a server was away",
    r"(redis|kombu|amqp|billiard|celery)\..*(ConnectionError|OperationalError|BusyLoadingError|TimeoutError)": "the broker was away",
    r"(ConnectionError|ConnectionResetError|BrokenPipeError|EOFError|TimeoutError|BusyLoadingError)": "a connection ended",
    r".*(No space left on device|DiskFull|could not write to file|could not extend file)": "the disk was full",
    r".*(UnreadablePostError|client disconnected|RequestDataTooBig)": "the sender went away",
    r"AttributeError: 'NoneType' object has no attribute 'hostname'": "the broker was away",  # kombu gives up
    r"celery\.beat\.SchedulingError: .*(loading the dataset|Connection|Error \d+ )": "the broker was away",
    r".*(WorkerLostError|ExceptionWithTraceback|signal 9 \(SIGKILL\))": "a worker was killed",
}
_FOLLOWED = re.compile(r"(During handling of the above exception|The above exception was the direct cause)")
_START = "Traceback (most recent call last)"
_END = re.compile(r"^[A-Za-z_][\w.]*(Error|Exception|Exit|Interrupt|Warning|Timeout|Shutdown|Now|Full|Lost|Closed|Busy)?\b.*")


def endings(folder: Path) -> Iterator[tuple[str, str]]:
    """(program, last line) of every traceback in the logs of a data folder."""
    for log in sorted((folder / "log").glob("*.log")):
        inside, ended = False, ""
        for line in log.read_text(errors="replace").splitlines():
            text = line.split("| ", 1)[-1] if line.startswith("[") else line
            if ended and text:  # the error that another came of says nothing by itself
                if not _FOLLOWED.match(text):
                    yield log.stem, ended
                ended = ""
            if _START in line:
                inside = True
            elif inside and text and not text.startswith((" ", "\t")) and _END.match(text):
                inside, ended = False, text
        if ended:
            yield log.stem, ended


def sorted_out(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """How often: tracebacks that a fault explains, by fault, and those that none does, by program and line."""
    known, unknown = Counter[str](), Counter[str]()
    for program, line in endings(folder):
        reason = next((reason for pattern, reason in KNOWN.items() if re.match(pattern, line)), "")
        if reason:
            known[reason] += 1
        else:
            unknown[f"{program}: {line[:200]}"] += 1
    return known, unknown
