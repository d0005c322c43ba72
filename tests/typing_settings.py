"""The settings as the type checker loads them: no servers run then, so addresses only have the right form."""

import os

os.environ.setdefault("DATABASE_URL", "postgresql:///types")
os.environ.setdefault("REDIS_URL", "unix:///types")
os.environ.setdefault("SECRET_KEY", "types-only-" + "0" * 32)
os.environ.setdefault("ALLOWED_HOSTS", "localhost")

from tvm_portal.settings import *
