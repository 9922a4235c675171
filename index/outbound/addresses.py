"""Which addresses may be dialled: our own table, since Python's `ipaddress` properties change between patch releases.

IPv4 is allowed unless listed; IPv6 is refused unless inside 2000::/3 and not listed (reliability.md 2.1, from IANA).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

# fmt: off
_FORBIDDEN_V4 = tuple(map(ipaddress.IPv4Network, [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
]))
# fmt: on
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(
    map(ipaddress.IPv6Network, ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"])
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Vetting:
    """Which addresses may be dialled. It comes from settings or from a test, never from a document.

    `allowed_internal` admits exact `address:port` pairs; `ports` are those registered for a source besides 80 and 443.
    """

    allowed_internal: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()
    unwraps_nat64: bool = False

    def admits_port(self, port: int) -> bool:
        """Whether any address could be dialled on this port; asked before a name is resolved."""
        return port in (80, 443) or port in self.ports or any(p.endswith(f":{port}") for p in self.allowed_internal)

    def admits(self, address: str, port: int) -> bool:
        """Whether this address, as the resolver gave it, may be dialled on this port."""
        if self.is_internal(address, port):
            return True
        if port not in (80, 443) and port not in self.ports:
            return False
        return _is_public(address, self.unwraps_nat64)

    def is_internal(self, address: str, port: int) -> bool:
        return (f"[{address}]:{port}" if ":" in address else f"{address}:{port}") in self.allowed_internal


def _is_public(address: str, unwraps_nat64: bool) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id is not None:
            return False
        inner = ip.ipv4_mapped
        if inner is None and unwraps_nat64 and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is None:
            return ip in _GLOBAL_V6 and not any(ip in net for net in _FORBIDDEN_V6)
        ip = inner
    return not any(ip in net for net in _FORBIDDEN_V4)
