"""Decide where a member's gateway may be: a host and a port that a member types must reach nothing else.

Without this, a bot that connects to whatever it is told is a way into the network it runs in. Loopback is
allowed, and what the operator lists (setting GATEWAY_HOSTS): ``host``, ``host:port``, ``[v6]:port``, or a
network such as ``10.0.5.0/24``. The check is of the address, after the name was looked up and before a socket
is opened, and the caller connects to the address given here: a name cannot mean another one a moment later.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from adapters.kit.errors import Errors

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOKUP_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Be one line of the operator's list; ``port`` None means any."""

    name: str = ""
    network: Network | None = None
    port: int | None = None

    def names(self, host: str, port: int) -> bool:
        """Tell whether it is this very name that is listed."""
        return bool(self.name) and self.name == host and self.port in {None, port}

    def holds(self, address: Address, port: int) -> bool:
        """Tell whether the address is listed."""
        return self.network is not None and address in self.network and self.port in {None, port}


def place(text: str) -> Place:
    """Read one entry of the list. Raises ValueError for what is neither a host nor a network."""
    host, port = _parted(text.strip().lower())
    if port is not None and not 0 < port < 65536:
        raise ValueError("no such port")
    try:
        return Place(network=ipaddress.ip_network(host), port=port)
    except ValueError:
        pass
    if not host or not host[0].isalnum() or not all(c.isalnum() or c in ".-_" for c in host):
        raise ValueError("neither a host nor a network")
    if host.replace(".", "").isdigit():
        raise ValueError("not a whole address")
    return Place(name=host.rstrip("."), port=port)


def _parted(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, int(rest[1:]) if rest.startswith(":") else None
    host, colon, port = text.rpartition(":")
    if colon and ":" not in host:
        return host, int(port)
    return text, None


async def reach(
    host: str, port: int, allowed: Sequence[str], errors: Errors, *, refused: str, unreachable: str
) -> str:
    """Give the address to connect to for a host that a member named.

    Raises Denied with ``refused`` where it, or any address of it, is not allowed, and Unreachable where the
    name cannot be looked up; nothing was sent then.
    """
    wanted = host.strip().lower().rstrip(".")
    places = [place(entry) for entry in allowed]
    named = any(entry.names(wanted, port) for entry in places)
    if not named and not _worth_a_lookup(wanted, places):
        raise errors.denied(refused, "host_not_allowed")
    found = await _addresses(wanted, port)
    if not found:
        raise errors.unreachable(unreachable)
    for address in found:
        if not _allowed(address, port, places, named=named):
            raise errors.denied(refused, "host_not_allowed")
    return str(min(found, key=lambda address: address.version))


def _worth_a_lookup(host: str, places: Sequence[Place]) -> bool:
    """Tell whether the answer could be yes at all: a name that cannot be allowed is not asked about."""
    return host == "localhost" or _numeric(host) or any(entry.network is not None for entry in places)


def _numeric(host: str) -> bool:
    return ":" in host or (host[:1].isdigit() and set(host) <= set("0123456789abcdefx."))


def _allowed(address: Address, port: int, places: Sequence[Place], *, named: bool) -> bool:
    if address.is_loopback or any(entry.holds(address, port) for entry in places):
        return True
    # The operator trusts the name; still none leads to a cloud's metadata (169.254.169.254) or to everybody.
    odd = address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    return named and not odd


async def _addresses(host: str, port: int) -> list[Address]:
    """Look a host up; numbers in any spelling are read as the system reads them. Empty: there is none."""
    try:
        async with asyncio.timeout(LOOKUP_TIMEOUT):
            rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return []
    return [_plain(str(row[4][0])) for row in rows]


def _plain(text: str) -> Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
