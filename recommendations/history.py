"""How long the history of days is kept."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction

from core import sql
from core.partitions import drop_months

_BY_MONTH = ("recommendations_recommendationday", "recommendations_scoreday")
_log = logging.getLogger(__name__)


@transaction.atomic
def forget(*, today: dt.date, days: int) -> int:
    """Forget the days that are more than `days` ago, months by their partitions; 0 keeps all. Returns partitions and rows dropped.

    A month is kept for as long as one of its days is. Rows outside every month are forgotten day by day, and told in the log.
    """
    if not days:
        return 0
    before = today - dt.timedelta(days=days)
    gone = [name for table in _BY_MONTH for name in drop_months(table, before=before)]
    rows = sum(sql.run("recommendations/forget_days", {"before": before, "month": before.replace(day=1)}))
    if gone or rows:
        _log.info("history before %s forgotten: %s; %s single rows", before, ", ".join(gone) or "no month", rows)
    return len(gone) + rows
