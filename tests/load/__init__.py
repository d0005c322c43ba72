"""Many agents that report at once, against a portal that runs as people run it. Loopback only, bounded in number and time."""
