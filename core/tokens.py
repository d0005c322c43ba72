"""Bearer tokens: a random text shown once, of which only the SHA-256 is kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.db.models import Q

from core import audit
from core.models import ApiToken, User

PREFIX = "tvm_"  # so that a token in a log or a repository is recognised for what it is


def digest(token: str) -> str:
    """SHA-256 of a token, hexadecimal. Plain hashing is enough: the token has 256 random bits."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def make_token(
    *, name: str, scope: str, by: str, now: dt.datetime, user: User | None = None, expires_at: dt.datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token: its row, and the text, which cannot be had again. `name` must be new."""
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(name=name, digest=digest(text), scope=scope, created_by=user, expires_at=expires_at)
    audit.record(by=by, action="token.create", object=token, now=now, after={"name": name, "scope": scope})
    return token, text


def verify_token(text: str, *, scope: str, now: dt.datetime) -> ApiToken | None:
    """The token that `text` is, where it holds `scope`, is not revoked and has not expired; else None. One query."""
    if not text:
        return None
    usable = ApiToken.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)
    return usable.filter(digest=digest(text), scope=scope).first()


def bearer(header: str) -> str:
    """The token of an Authorization header; "" where it holds none."""
    scheme, _, text = header.strip().partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
