"""Connections of one server: their number is bounded, and idle ones give way to new ones."""

import asyncio
import time
from collections import defaultdict
from ipaddress import IPv6Address, ip_address
from resource import RLIMIT_NOFILE, getrlimit
from typing import TYPE_CHECKING, Any

import structlog

from api.http.server.phase import Phase
from core.settings import Settings

if TYPE_CHECKING:
    from api.http.server.protocol import ClientConnection

log = structlog.get_logger()

SWEEP_SECONDS = 0.5
# Reserved file descriptors: 30 of the process, 45 of the database's pool, 3 × 16 for connections that are being
# accepted, and MAX_REFUSED for connections beyond the bound, which receive a refusal.
RESERVED_FILES, MAX_REFUSED = 160, 32
MIN_CONNECTIONS = 16
# Minimum interval between two warnings of the same kind.
QUIET_SECONDS = 10.0


class Connections:
    """Connections of one server.

    Args:
        settings: bounds on their number, per address and in all, and on their time. The process's limit on file
            descriptors bounds their number too.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        files, _ = getrlimit(RLIMIT_NOFILE)
        room = max(MIN_CONNECTIONS, files - RESERVED_FILES) if files > 0 else settings.max_connections
        self._max_connections = min(settings.max_connections, room)
        self._open: dict[str, set[ClientConnection]] = defaultdict(set)
        self._count = 0
        self._refused: set[ClientConnection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._warned: dict[str, float] = {}

    def admit(self, connection: "ClientConnection") -> bool:
        """Add a new connection; False if the bound is reached. The one that has been idle longest gives way to it."""
        if self._timer is None:
            self._timer = connection.loop.call_later(SWEEP_SECONDS, self._sweep, connection.loop)
        of_address = self._open[connection.address]
        if len(of_address) >= min(self.settings.max_connections_per_address, self._max_connections):
            longest = _longest_waiting(of_address)
        elif self._count >= self._max_connections:
            longest = _longest_waiting({connection for group in self._open.values() for connection in group})
        else:
            self._add(connection)
            return True
        self.warn("connections_full", connections=self._count, of_this_address=len(of_address))
        if longest is not None:
            longest.make_room()
            self.leave(longest)
            self._add(connection)
            return True
        if len(self._refused) >= MAX_REFUSED:
            connection.transport.abort()
        else:
            self._refused.add(connection)
        return False

    def _add(self, connection: "ClientConnection") -> None:
        self._open[connection.address].add(connection)
        self._count += 1

    def leave(self, connection: "ClientConnection") -> None:
        """Remove a connection that is closed, or is about to be."""
        self._refused.discard(connection)
        of_address = self._open.get(connection.address, set())
        if connection in of_address:
            of_address.remove(connection)
            self._count -= 1
        if not of_address:
            self._open.pop(connection.address, None)

    def warn(self, event: str, **fields: object) -> None:
        """Log a warning, unless the same one was logged within the last QUIET_SECONDS."""
        now = time.monotonic()
        if now - self._warned.get(event, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._warned[event] = now
            log.warning(event, **fields)

    def handle_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle exceptions of the event loop. Failures to accept connections are logged every QUIET_SECONDS."""
        error = context.get("exception")
        if isinstance(error, OSError) and context["message"].startswith("socket.accept()"):
            self.warn("accept_failed", error=str(error), connections=self._count)
        else:
            loop.default_exception_handler(context)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [*self._refused, *(member for group in self._open.values() for member in group)]:
            connection.check(now)
        busy = self._count or self._refused
        self._timer = loop.call_later(SWEEP_SECONDS, self._sweep, loop) if busy else None


def _longest_waiting(connections: "set[ClientConnection]") -> "ClientConnection | None":
    """Return the connection that has waited longest for its request; None if all are being answered."""
    waiting = [connection for connection in connections if connection.phase is not Phase.answer]
    return min(waiting, key=lambda connection: connection.since, default=None)


def network(address: str) -> str:
    """Return the network of an address: the first 64 bits of IPv6, the usual size of one customer's; IPv4 unchanged."""
    parsed = ip_address(address.partition("%")[0])
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
