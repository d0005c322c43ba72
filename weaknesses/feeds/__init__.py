"""The sources of vulnerability data. A new one is a module with a FEED and its line in `registry`."""

from weaknesses.feeds.registry import FEEDS

__all__ = ["FEEDS"]
