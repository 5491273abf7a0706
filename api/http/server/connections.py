"""All connections of one server: as many as there is room for, and those that never finish give way."""

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
# Descriptors that are no client's: 30 of the process, 45 of the database's pool, 3 × 16 that are being accepted, and
# those of connections beyond the bound that are being told so.
RESERVED_FILES, MAX_REFUSED = 160, 32
MIN_CONNECTIONS = 16
# The same warning is written once in so many seconds.
QUIET_SECONDS = 10.0


class Connections:
    """All connections of one server.

    Args:
        settings: how many there may be, of one address and in all, and how long they may take. There are never more
            than the process may have descriptors for.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        files, _ = getrlimit(RLIMIT_NOFILE)
        room = max(MIN_CONNECTIONS, files - RESERVED_FILES) if files > 0 else settings.max_connections
        self._most = min(settings.max_connections, room)
        self._open: dict[str, set[ClientConnection]] = defaultdict(set)
        self._count = 0
        self._refused: set[ClientConnection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._warned: dict[str, float] = {}

    def admit(self, connection: "ClientConnection") -> bool:
        """Take in a new connection; says whether there is a place, one that waits for its request giving way to it."""
        if self._timer is None:
            self._timer = connection.loop.call_later(SWEEP_SECONDS, self._sweep, connection.loop)
        beside = self._open[connection.address]
        if len(beside) >= min(self.settings.max_connections_per_address, self._most):
            longest = _longest_waiting(beside)
        elif self._count >= self._most:
            longest = _longest_waiting({each for group in self._open.values() for each in group})
        else:
            self._add(connection)
            return True
        self.warn("connections_full", connections=self._count, of_this_address=len(beside))
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
        """Let go of a connection that is closed, or is about to be."""
        self._refused.discard(connection)
        beside = self._open.get(connection.address, set())
        if connection in beside:
            beside.remove(connection)
            self._count -= 1
        if not beside:
            self._open.pop(connection.address, None)

    def warn(self, event: str, **fields: object) -> None:
        """Log a warning, unless the same one was logged just now."""
        now = time.monotonic()
        if now - self._warned.get(event, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._warned[event] = now
            log.warning(event, **fields)

    def quietly(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The event loop's exception handler: what goes wrong while connections are accepted is logged seldom."""
        error = context.get("exception")
        if isinstance(error, OSError) and context["message"].startswith("socket.accept()"):
            self.warn("accept_failed", error=str(error), connections=self._count)
        else:
            loop.default_exception_handler(context)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for each in [*self._refused, *(each for group in self._open.values() for each in group)]:
            each.check(now)
        busy = self._count or self._refused
        self._timer = loop.call_later(SWEEP_SECONDS, self._sweep, loop) if busy else None


def _longest_waiting(connections: "set[ClientConnection]") -> "ClientConnection | None":
    """Of those that could give way the one that has waited longest for its request."""
    waiting = [each for each in connections if each.phase is not Phase.answer]
    return min(waiting, key=lambda each: each.since, default=None)


def network(address: str) -> str:
    """Whose an address is: of IPv6 a whole network of 64 bits, which everybody has."""
    parsed = ip_address(address.partition("%")[0])
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
