"""Connection of one client, with time limits on its requests and responses.

Uvicorn limits only the pause between two requests. This protocol also limits the time for a request's head and body,
and the time without progress while a response is sent. A client that exceeds a limit receives a response that says so.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from api.http.errors import HEADERS, problem_text
from api.http.security_headers import SECURITY
from api.http.server.chunks import ChunkCounter
from api.http.server.connections import Connections, network
from api.http.server.phase import Phase
from gradlab.schemas.media_types import PROBLEM_JSON

# Maximum length of a request's head; h11's default.
MAX_HEAD_BYTES = 16_384
# A client reads an early response only after it has sent its request. Bounds on the request read meanwhile.
LINGER_SECONDS, LINGER_BYTES = 5.0, 16_000_000
# A body may take longer than its time limit as long as it arrives faster than this: files of half a gigabyte do.
MIN_BYTES_PER_SECOND = 250_000


class ClientConnection(H11Protocol):
    """Connection of one client.

    Attributes:
        address: the client's network; for IPv6 its first 64 bits.
        phase: what the connection waits for.
        since: start of the phase, in the event loop's time.
    """

    def __init__(
        self,
        connections: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = ChunkCounter(h11.SERVER, config.h11_max_incomplete_event_size or MAX_HEAD_BYTES)
        self._connections, self._settings = connections, connections.settings
        self.address, self.phase, self.since = "", Phase.head, self.loop.time()
        self._has_received, self._discarded_bytes, self._body_bytes = False, 0, 0
        self._unsent: int | None = None
        self._progress_at = self.since

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register the connection, or refuse it with 503 if the bound is reached."""
        super().connection_made(transport)
        self.address = network(self.client[0]) if self.client else ""
        if not self._connections.admit(self):
            self._end(503, "this address has as many connections as the service allows; close some, or try again later")

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the register."""
        self._connections.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass data to the parser, unless the request has been answered already."""
        if self.phase in (Phase.over, Phase.drain):
            self._discarded_bytes += len(data)
            if self._discarded_bytes > LINGER_BYTES:
                self.transport.abort()
        if self.phase is Phase.over or self.transport.is_closing():
            return
        if self.timeout_keep_alive_task is not None:
            self.since = self.loop.time()  # a new request begins
        self._has_received = True
        self._body_bytes += len(data)
        super().data_received(data)

    def handle_events(self) -> None:
        """Update the phase of the connection."""
        super().handle_events()
        self._update_phase()

    def on_response_complete(self) -> None:
        """Update the phase of the connection."""
        super().on_response_complete()
        self._update_phase()

    def send_400_response(self, msg: str) -> None:
        """Respond to a malformed request with the parser's complaint."""
        state: ChunkCounter = self.conn  # type: ignore[assignment]
        self._end(state.status, state.complaint)

    def shutdown(self) -> None:
        """Close the connection after the current response."""
        if self.phase is Phase.over:
            self.transport.close()
        else:
            super().shutdown()

    def _update_phase(self) -> None:
        states = {h11.IDLE: Phase.head, h11.SEND_BODY: Phase.body}
        phase = states.get(self.conn.their_state, Phase.answer)
        if phase is Phase.body and self.cycle.response_complete:
            phase = Phase.drain
        if phase is not self.phase and self.phase is not Phase.over:
            self.phase, self.since, self._has_received, self._discarded_bytes = phase, self.loop.time(), False, 0
            self._body_bytes = 0

    def check(self, now: float) -> None:
        """Close the connection if a time limit is exceeded."""
        waited = now - self.since
        if self.phase is Phase.head and self.timeout_keep_alive_task is None:
            if waited > self._settings.header_timeout.total_seconds():
                self._time_out("the head of the request")
        elif self.phase is Phase.body and waited > self._body_seconds:
            if not self.cycle.response_started:
                self._time_out("the body of the request")
        elif self.phase in (Phase.drain, Phase.over) and waited > LINGER_SECONDS:
            self.transport.close()
        self._check_sending(now)

    @property
    def _body_seconds(self) -> float:
        """The time for a body: a large one has more for what has arrived of it."""
        return self._settings.body_timeout.total_seconds() + self._body_bytes / MIN_BYTES_PER_SECOND

    def _time_out(self, part: str) -> None:
        if self._has_received or self.phase is Phase.body:
            self._end(408, f"{part} was not there in time")
        else:
            self.transport.close()  # no request has begun

    def _check_sending(self, now: float) -> None:
        """Abort the connection if the client has read nothing of the pending response for too long."""
        size = self.transport.get_write_buffer_size()
        stuck = size > 0 and (self.flow.write_paused or self.transport.is_closing())
        if not stuck or self._unsent is None or size < self._unsent:
            self._unsent, self._progress_at = size if stuck else None, now
        elif now - self._progress_at > self._settings.send_timeout.total_seconds():
            self.transport.abort()

    def make_room(self) -> None:
        """Close at once, to make room for another connection."""
        if self.phase is not Phase.over and (self._has_received or self.phase is Phase.body):
            self._respond(503, "there are too many connections, and this one has waited longest for its request")
        self._disconnect()
        self.transport.close()

    def _end(self, status: int, detail: str) -> None:
        """Respond outside of the application, and read only as much as lets the client read the response."""
        self._respond(status, detail)
        self._disconnect()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        self.flow.resume_reading()

    def _respond(self, status: int, detail: str) -> None:
        if self.cycle is not None and self.cycle.response_started and self.phase is not Phase.head:
            return  # a response has begun
        path = self.scope["path"] if self.scope and self.phase is Phase.body else ""
        body = problem_text(status, detail, path)
        headers = {"Content-Type": PROBLEM_JSON, "Content-Length": str(len(body)), "Connection": "close"}
        headers |= SECURITY | HEADERS.get(status, {})
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines, "", ""])
        self.transport.write(head.encode() + body)

    def _disconnect(self) -> None:
        """End the connection, and signal the disconnect to the application."""
        self.phase, self.since = Phase.over, self.loop.time()
        self._unset_keepalive_if_required()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
