"""One client's connection: bounds in time for what it sends and takes, and an answer where it is given up.

Uvicorn bounds the pause between two requests alone. Here are bounds for a request's head and its body, and for an
answer that nobody takes.
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

# What is read of a head that does not end, as h11 has it by default.
MAX_HEAD_BYTES = 16_384
# An answer that comes before its request is there is only read by who may go on sending: for so long, and so much.
LINGER_SECONDS, LINGER_BYTES = 5.0, 16_000_000


class ClientConnection(H11Protocol):
    """One client's connection.

    Attributes:
        address: whose it is; of IPv6 the first 64 bits, which one network has.
        phase: what it is waiting for.
        since: when that began, as the event loop counts.
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
        self._heard, self._read_in_vain = False, 0
        self._unsent: int | None = None
        self._moved = self.since

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place among the connections, or say that there is none."""
        super().connection_made(transport)
        self.address = network(self.client[0]) if self.client else ""
        if not self._connections.admit(self):
            self._end(503, "this address has as many connections as the service allows; close some, or try again later")

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._connections.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless nothing more is wanted."""
        if self.phase in (Phase.over, Phase.drain):
            self._read_in_vain += len(data)
            if self._read_in_vain > LINGER_BYTES:
                self.transport.abort()
        if self.phase is Phase.over or self.transport.is_closing():
            return
        if self.timeout_keep_alive_task is not None:
            self.since = self.loop.time()  # the pause between two requests is over
        self._heard = True
        super().data_received(data)

    def handle_events(self) -> None:
        """Notice what the connection waits for now."""
        super().handle_events()
        self._note()

    def on_response_complete(self) -> None:
        """Notice what the connection waits for now."""
        super().on_response_complete()
        self._note()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with a request that is none, where nothing has been answered yet."""
        state: ChunkCounter = self.conn  # type: ignore[assignment]
        self._end(state.status, state.complaint)

    def shutdown(self) -> None:
        """Close, as soon as what is being answered has been answered."""
        if self.phase is Phase.over:
            self.transport.close()
        else:
            super().shutdown()

    def _note(self) -> None:
        states = {h11.IDLE: Phase.head, h11.SEND_BODY: Phase.body}
        phase = states.get(self.conn.their_state, Phase.answer)
        if phase is Phase.body and self.cycle.response_complete:
            phase = Phase.drain
        if phase is not self.phase and self.phase is not Phase.over:
            self.phase, self.since, self._heard, self._read_in_vain = phase, self.loop.time(), False, 0

    def check(self, now: float) -> None:
        """Give the connection up where it has waited for too long."""
        waited = now - self.since
        if self.phase is Phase.head and self.timeout_keep_alive_task is None:
            if waited > self._settings.header_timeout.total_seconds():
                self._give_up("the head of the request")
        elif self.phase is Phase.body and waited > self._settings.body_timeout.total_seconds():
            if not self.cycle.response_started:
                self._give_up("the body of the request")
        elif self.phase in (Phase.drain, Phase.over) and waited > LINGER_SECONDS:
            self.transport.close()
        self._check_sending(now)

    def _give_up(self, what: str) -> None:
        if self._heard or self.phase is Phase.body:
            self._end(408, f"{what} was not there in time")
        else:
            self.transport.close()  # nothing has been asked

    def _check_sending(self, now: float) -> None:
        """Break off where nothing of what is waiting to be sent has been taken for too long."""
        size = self.transport.get_write_buffer_size()
        stuck = size > 0 and (self.flow.write_paused or self.transport.is_closing())
        if not stuck or self._unsent is None or size < self._unsent:
            self._unsent, self._moved = size if stuck else None, now
        elif now - self._moved > self._settings.send_timeout.total_seconds():
            self.transport.abort()

    def make_room(self) -> None:
        """Close at once, so that another connection can be taken in."""
        if self.phase is not Phase.over and (self._heard or self.phase is Phase.body):
            self._answer(503, "there are too many connections, and this one has waited longest for its request")
        self._break_off()
        self.transport.close()

    def _end(self, status: int, detail: str) -> None:
        """Answer outside of any application, and read no more than lets the caller read the answer."""
        self._answer(status, detail)
        self._break_off()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        self.flow.resume_reading()

    def _answer(self, status: int, detail: str) -> None:
        if self.cycle is not None and self.cycle.response_started and self.phase is not Phase.head:
            return  # in the middle of an answer
        path = self.scope["path"] if self.scope and self.phase is Phase.body else ""
        body = problem_text(status, detail, path)
        headers = {"Content-Type": PROBLEM_JSON, "Content-Length": str(len(body)), "Connection": "close"}
        headers |= SECURITY | HEADERS.get(status, {})
        lines = [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines, "", ""])
        self.transport.write(head.encode() + body)

    def _break_off(self) -> None:
        """Nobody listens any more: whoever works on the request is told so."""
        self.phase, self.since = Phase.over, self.loop.time()
        self._unset_keepalive_if_required()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
