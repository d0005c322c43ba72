"""The web application, for any WSGI server."""

from __future__ import annotations

import os
import sys

from django.core.wsgi import get_wsgi_application

from core.warming import warm
from tvm_portal.env import SettingError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tvm_portal.settings")
try:
    application = get_wsgi_application()
    warm()
except SettingError as error:
    print(error, file=sys.stderr)
    raise SystemExit(2) from None
