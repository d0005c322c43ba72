"""Lines of the log: words for people, or JSON for programs (setting LOG_FORMAT). Both carry the id of their request or task."""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any

from core import tracing

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "request_id", "taskName"}


class RequestId(logging.Filter):
    """Gives every record the id of what runs now."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = tracing.current() or "-"
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, request_id, what `extra` named, and a traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
        }
        said |= {name: value for name, value in vars(record).items() if name not in _OWN and isinstance(value, str | int | float | bool)}
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)
