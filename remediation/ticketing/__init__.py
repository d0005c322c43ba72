"""The systems that requests are handed to: one module a system, listed here.

The queue of the portal itself (`builtin`) is no system that is called: its tickets are rows of this database.
"""

from __future__ import annotations

from remediation.ticketing import builtin
from remediation.ticketing.base import System
from remediation.ticketing.email import Email
from remediation.ticketing.intune import INTUNE
from remediation.ticketing.jira import JIRA
from remediation.ticketing.servicenow import SERVICENOW
from remediation.ticketing.webhook import Webhook

SYSTEMS: dict[str, System] = {system.key: system for system in (INTUNE, JIRA, SERVICENOW, Webhook(), Email())}


def label_of(provider: str) -> str:
    """What people call it."""
    if provider == builtin.KEY:
        return builtin.LABEL
    return SYSTEMS[provider].label if provider in SYSTEMS else provider
