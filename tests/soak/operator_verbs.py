"""The orders that a soak gives, without what carries them out (tests.soak.operator, in a process with the portal's settings)."""

WORK = ("feed", "full_run", "grant", "cancel", "request", "machines", "override", "grant", "feed")
