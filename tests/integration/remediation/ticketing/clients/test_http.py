"""One place that sends: waits, sizes, TLS, and odd answers."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from remediation.rules import LONGEST_WAIT
from remediation.ticketing import guard
from remediation.ticketing.base import Connection, Refused, TryLater, Unsure
from remediation.ticketing.http import Manners, Site, asked_to_wait
from tests.fakes.server import FakeServer, Reply, Seen

MANNERS = Manners("The system", lambda body: str(body.get("said", "")) if isinstance(body, dict) else "", {404: "Look elsewhere."})
NOW = dt.datetime(2026, 11, 26, 5, tzinfo=dt.UTC)


class Echo(FakeServer):
    reply = Reply(200, {})

    def answer(self, seen: Seen) -> Reply:
        return self.reply


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        yield server


def site(address: str, *, hidden: tuple[str, ...] = ()) -> Site:
    return Site(Connection(allow_private=True), address=address, manners=MANNERS, hidden=hidden)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "12"}, 12.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "999999999"}, LONGEST_WAIT),
        ({"Retry-After": format_datetime(NOW + dt.timedelta(seconds=90), usegmt=True), "Date": format_datetime(NOW, usegmt=True)}, 90.0),
        ({"Retry-After": format_datetime(NOW - dt.timedelta(seconds=90), usegmt=True), "Date": format_datetime(NOW, usegmt=True)}, 0.0),
    ],
)
def test_the_wait_that_is_asked_for(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_to_wait(httpx.Headers(headers)) == seconds


@pytest.mark.parametrize("skew", [-86_400, 0, 7_200])
def test_a_date_counts_from_the_clock_of_the_one_who_wrote_it(echo: Echo, skew: float) -> None:
    echo.skew = skew
    until = dt.datetime.fromtimestamp(echo.now(), dt.UTC) + dt.timedelta(seconds=60)
    echo.reply = Reply(429, {}, {"Retry-After": format_datetime(until, usegmt=True)})
    with site(echo.address) as there, pytest.raises(TryLater) as caught:
        there.call("POST", "/x", body={}, changes=True)
    assert type(caught.value) is TryLater
    assert caught.value.wait == pytest.approx(60, abs=3)


def test_the_words_of_the_other_side_are_one_line_with_what_to_do(echo: Echo) -> None:
    echo.reply = Reply(404, {"said": "Not\n here: s3cret-thing " + "x" * 900})
    with site(echo.address, hidden=("s3cret-thing",)) as there, pytest.raises(Refused) as caught:
        there.get("/x")
    assert str(caught.value).startswith("The system refused it (404). Not here: ••• xxx")
    assert str(caught.value).endswith("x… Look elsewhere.")
    assert len(str(caught.value)) < 400


def test_an_answer_without_content_is_an_answer(echo: Echo) -> None:
    echo.reply = Reply(204)
    with site(echo.address) as there:
        assert there.call("POST", "/x", body={}, changes=True).body is None


def test_an_answer_without_end_is_cut_off(echo: Echo) -> None:
    echo.reply = Reply(200, {"x": "y" * 6_000_000})
    with site(echo.address) as there:
        with pytest.raises(Unsure, match=r"longer than"):
            there.call("POST", "/x", body={}, changes=True)
        with pytest.raises(TryLater) as caught:
            there.get("/x")
    assert type(caught.value) is TryLater


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe{}",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200_000,
    ],
)
def test_an_answer_that_makes_no_sense_leaves_it_open(answer: bytes) -> None:
    with raw(answer) as address, site(address) as there, pytest.raises(Unsure):
        there.call("POST", "/x", body={}, changes=True)


def test_a_packed_answer_is_unpacked() -> None:
    packed = gzip.compress(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with raw(head + packed) as address, site(address) as there:
        assert there.get("/x").get("a") == 1


def test_no_tls_means_nothing_was_sent() -> None:
    with raw(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address, site(address.replace("http:", "https:")) as there:
        with pytest.raises(TryLater, match=r"cannot be reached") as caught:
            there.call("POST", "/x", body={}, changes=True)
        assert type(caught.value) is TryLater


def test_an_authority_of_the_own_house_is_trusted_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", context) as address, site(address) as there:
        guard._trusted.cache_clear()
        with pytest.raises(TryLater, match=r"CERTIFICATE_VERIFY_FAILED"):
            there.get("/x")
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    guard._trusted.cache_clear()
    try:
        with raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", context) as address, site(address) as there:
            assert there.get("/x").body == {}
    finally:
        guard._trusted.cache_clear()


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "nonsense", "", "http://[::1", "http://127.0.0.1:99999", "http://exa mple"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with site(address) as there, pytest.raises((Refused, TryLater)):
        there.get("/x")


def _certificate(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    moment = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - dt.timedelta(hours=1))
        .not_valid_after(moment + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@contextmanager
def raw(answer: bytes, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that says this to one caller, whatever it is asked, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve() -> None:
        plain, _ = listener.accept()
        try:
            with tls.wrap_socket(plain, server_side=True) if tls else plain as caller:
                caller.recv(65_536)
                caller.sendall(answer)
        except OSError:  # the caller does not like the certificate
            plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(5)
        listener.close()
