"""osquery agents that report here directly: enrolling, recognising and turning them away.

Protocol: osquery documentation, "Remote settings" (TLS plug-ins).
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from core import audit
from core.tokens import digest
from inventory.errors import AgentRevoked
from inventory.models import Agent

IDENTIFIER_LIMIT = 255
_TOUCH_EVERY = dt.timedelta(minutes=1)
_KEPT_DETAILS = {
    "os_version": ("name", "version", "platform"),
    "osquery_info": ("version",),
    "system_info": ("hostname", "computer_name", "hardware_model", "hardware_serial", "uuid"),
}


def enrol_agent(*, host_identifier: str, details: object, now: dt.datetime, by: str, address: str = "") -> str:
    """A new key for the agent of a host, which makes an older one useless. Raises AgentRevoked where it was turned away.

    `host_identifier`: printable, 1 to 255 characters; it is the machine's identifier. `details`: the agent's host_details.
    """
    key = secrets.token_urlsafe(32)
    with transaction.atomic():
        said = {"digest": digest(key), "details": _kept(details), "enrolled_at": now, "last_seen": now}
        agent, is_new = Agent.objects.select_for_update().get_or_create(machine_name=host_identifier, defaults=said)
        if agent.revoked_at is not None:
            raise AgentRevoked(f"The agent of {host_identifier} was revoked.")
        if not is_new:
            for name, value in said.items():
                setattr(agent, name, value)
            agent.save(update_fields=list(said))
        audit.record(by=by, action="agent.enrol", object=agent, now=now, after={"machine": host_identifier}, address=address)
    return key


def agent_with_key(key: object, *, now: dt.datetime) -> Agent | None:
    """The agent that holds the key, seen now; None for a wrong key and for an agent that was turned away."""
    if not isinstance(key, str) or not key:
        return None
    agent = Agent.objects.filter(digest=digest(key), revoked_at=None).first()
    if agent is not None and (agent.last_seen is None or agent.last_seen < now - _TOUCH_EVERY):
        agent.last_seen = now
        agent.save(update_fields=["last_seen"])
    return agent


def revoke_agent(*, agent: Agent, by: str, now: dt.datetime, address: str = "") -> None:
    """Turn the agent away: its key is refused and it cannot enrol again. Its machine keeps what was reported."""
    _set_revoked(agent, now, action="agent.revoke", by=by, now=now, address=address)


def readmit_agent(*, agent: Agent, by: str, now: dt.datetime, address: str = "") -> None:
    """Let the agent in again; it goes on with its key, or enrols anew."""
    _set_revoked(agent, None, action="agent.readmit", by=by, now=now, address=address)


def _set_revoked(agent: Agent, value: dt.datetime | None, *, action: str, by: str, now: dt.datetime, address: str) -> None:
    if (agent.revoked_at is None) == (value is None):
        return
    with transaction.atomic():
        agent.revoked_at = value
        agent.save(update_fields=["revoked_at"])
        audit.record(by=by, action=action, object=agent, now=now, after={"machine": agent.machine_name}, address=address)


def _kept(details: object) -> dict[str, Any]:
    """The few columns of host_details that help to tell machines apart."""
    tables = details if isinstance(details, Mapping) else {}
    kept = {
        table: {column: str(row[column])[:200].replace("\x00", "") for column in columns if isinstance(row.get(column), (str, int))}
        for table, columns in _KEPT_DETAILS.items()
        if isinstance(row := tables.get(table), Mapping)
    }
    return {table: row for table, row in kept.items() if row}
