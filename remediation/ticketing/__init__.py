"""The systems that requests are handed to: one module a system, listed here."""

from __future__ import annotations

from remediation.ticketing.base import System

SYSTEMS: dict[str, System] = {}
