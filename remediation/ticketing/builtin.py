"""The queue for IT administrators in the portal itself: a ticket is made with its request, in the same transaction."""

from __future__ import annotations

KEY = "queue"
LABEL = "IT queue"
ABOUT = "Requests wait in a list of the portal, where IT administrators accept, reject and complete them. Nothing else is needed."
