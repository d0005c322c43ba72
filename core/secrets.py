"""Secrets that the portal has to use again, encrypted at rest (Fernet: AES-128-CBC with HMAC-SHA256).

The key is derived from the setting SECRETS_KEY, or from SECRET_KEY where that is empty.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(ValueError):
    """It was encrypted with another key: it has to be entered again."""


def encrypt(text: str) -> str:
    """For `decrypt`; never the same twice."""
    return _fernet(settings.SECRETS_KEY or settings.SECRET_KEY).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """What was given to `encrypt`. Raises Unreadable."""
    try:
        return _fernet(settings.SECRETS_KEY or settings.SECRET_KEY).decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("It cannot be read with the present SECRETS_KEY. Enter it again.") from error


@lru_cache(maxsize=2)
def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"tvm-portal secrets at rest").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
