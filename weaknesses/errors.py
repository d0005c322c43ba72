"""What can go wrong while data comes in, as facts. Every message may be shown to a user."""

from __future__ import annotations


class FeedError(Exception):
    """A feed, or one of its files, cannot be read. The message is a sentence."""


class UnknownFeed(FeedError):
    """No feed has this name."""


class FeedBusy(FeedError):
    """The feed is being synchronised by somebody else right now."""


class FeedUnavailable(FeedError):
    """The publisher did not answer, or not with what was asked for."""


class FeedMissing(FeedUnavailable):
    """There is nothing at the address."""


class ListingShrank(FeedError):
    """A full listing names far fewer records than are known: more likely broken than true."""


class OverrideIncomplete(ValueError):
    """A curator's override does not say enough. The message may be shown."""
