"""Calls to addresses that people typed in: the name is looked up, what it stands for is judged, and exactly that is connected to.

Nothing between the judgement and the call can change where it goes: the connection is pinned to the judged address, the certificate
is still checked for the name, redirects are not followed, proxies of the environment are not used. Without `allow_private` only public
addresses over https are called. Addresses that hand out credentials of clouds (link-local) are refused always.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from remediation.ticketing.base import Connection, Refused, TryLater, Unsure

AGENT = "TVM-Portal"
WAIT = 20.0  # seconds for a connection, and for each part of an answer
WHOLE_WAIT = 60.0  # seconds for a whole answer, however steadily it trickles
LARGEST = 4_194_304  # bytes of an answer
NAT64 = ipaddress.ip_network("64:ff9b::/96")
METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client(connection: Connection, *, base_url: str = "", timeout: float = WAIT, **options: Any) -> httpx.Client:
    """An httpx.Client that calls what the connection may call, and nothing else.

    Raises (while calling) Refused for an address that may not be called, TryLater for a name that is not found, Unsure for an answer
    that is too long or too slow; httpx's own errors otherwise.
    """
    headers = {"User-Agent": AGENT, **options.pop("headers", {})}
    return httpx.Client(
        base_url=base_url,
        timeout=timeout,
        headers=headers,
        transport=Guarded(allow_private=connection.allow_private),
        follow_redirects=False,
        trust_env=False,
        **options,
    )


def check(address: str, *, allow_private: bool) -> None:
    """Whether a typed address may be called, as far as its spelling and its name's present meaning tell. Raises Refused or TryLater."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    _check_scheme(parts.scheme, host, allow_private=allow_private)
    resolve(host, port=parts.port or (443 if parts.scheme == "https" else 80), allow_private=allow_private)


def resolve(host: str, *, port: int, allow_private: bool) -> list[str]:
    """The addresses of a name, all of them judged: one that may not be called spoils the name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TryLater(f"The name {host} is not found: check its spelling, and that this server can look it up.") from error
    addresses = list(dict.fromkeys(str(item[4][0]).partition("%")[0] for item in found))
    for address in addresses:
        if sentence := objection(ipaddress.ip_address(address), allow_private=allow_private):
            raise Refused(f"{host} stands for {address}: {sentence}")
    return addresses


def objection(address: Address, *, allow_private: bool) -> str:
    """Why the address may not be called; empty if it may."""
    meant = embedded(address)
    if meant in METADATA or meant.is_link_local or meant.is_multicast or meant.is_unspecified:
        return "such an address is never called."
    if not meant.is_global and not allow_private:
        return "an address inside the own network. Tick “Inside the own network” if that is meant."
    if meant.is_reserved and not (meant.is_private or meant.is_global):
        return "such an address is never called."
    return ""


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries (mapped, 6to4, Teredo, NAT64), else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address


class Guarded(httpx.BaseTransport):
    """Sends a request to the judged addresses of its name, one after the other until one connects."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = httpx.HTTPTransport(verify=_trusted(), trust_env=False, retries=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        _check_scheme(url.scheme, url.host, allow_private=self._allow_private)
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = resolve(url.host, port=port, allow_private=self._allow_private)
        ends = time.monotonic() + WHOLE_WAIT
        response = self._send(request, url, addresses)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = Bounded(response.stream, ends=ends)
        return response

    def _send(self, request: httpx.Request, url: httpx.URL, addresses: Sequence[str]) -> httpx.Response:
        pinned = dict(request.extensions) | {"sni_hostname": url.host}
        for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            there = httpx.Request(
                request.method, url.copy_with(host=address), headers=request.headers, stream=request.stream, extensions=pinned
            )
            try:
                return self._inner.handle_request(there)
            except (httpx.ConnectError, httpx.ConnectTimeout):  # nothing was sent
                if not left:
                    raise
        raise TryLater(f"The name {url.host} stands for no address.")

    def close(self) -> None:
        self._inner.close()


class Bounded(httpx.SyncByteStream):
    """An answer that ends: in bytes and in time."""

    def __init__(self, inner: httpx.SyncByteStream, *, ends: float) -> None:
        self._inner = inner
        self._ends = ends

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._inner:
            size += len(part)
            if size > LARGEST:
                raise Unsure(f"The answer is longer than {LARGEST // 1_048_576} MB.")
            if time.monotonic() > self._ends:
                raise Unsure(f"The answer was not whole after {WHOLE_WAIT:.0f} seconds.")
            yield part

    def close(self) -> None:
        self._inner.close()


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that are trusted: those of SSL_CERT_FILE, where the environment names one, else the usual ones.

    Kept, as reading them takes a twentieth of a second, which is longer than many a call.
    """
    return httpx.create_ssl_context()


def _check_scheme(scheme: str, host: str, *, allow_private: bool) -> None:
    if not host or scheme not in ("https", "http"):
        raise Refused("The address has to begin with https:// and a name.")
    if scheme == "http" and not allow_private:
        raise Refused("Only https:// is called outside the own network: what is sent has to stay unread on its way.")
