"""Compression of responses that the client accepts and that are worth the time: JSON, CSV, SVG, pages, scripts."""

from typing import Protocol

import pyarrow as pa
from anyio.to_thread import run_sync
from isal import isal_zlib
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.negotiation import Coding
from api.http.outflow import Outflow

# Compressible types. Event streams are excluded, because their events must not wait in a buffer.
TYPES = {"application/json", "application/problem+json", "application/javascript", "image/svg+xml"}
TEXT, EVENT_STREAM = "text/", "text/event-stream"
BODILESS_OR_PARTIAL = (204, 206, 304)
# A shorter response fits into one network packet (1,460 bytes) uncompressed.
MIN_BYTES = 1_400
# A longer piece is compressed in a thread: half a millisecond of gzip is what changing threads twice costs.
MAX_BYTES_ON_LOOP = 256_000
# Of ISA-L, by far the fastest for numbers: 120 kB take 0.32 ms and become 58 kB, by zlib's level 1 1.1 ms and 60 kB.
GZIP_LEVEL, GZIP_WINDOW = 2, 31


class Compressor(Protocol):
    """Incremental compressor."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class Zstd:
    """Incremental zstd compressor by Arrow. Python has its own only since 3.14."""

    def __init__(self) -> None:
        self._out = Outflow()
        self._stream = pa.CompressedOutputStream(self._out, "zstd")

    def compress(self, data: bytes, /) -> bytes:
        """Compress the next piece, and return the output so far."""
        self._stream.write(data)
        return self._out.take()

    def flush(self) -> bytes:
        """End the stream, and return the rest of the output."""
        self._stream.close()
        return self._out.take()


def _compressor(name: str) -> Compressor:
    return Zstd() if name == "zstd" else isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)


class Compression:
    """Middleware that compresses response bodies.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request, and compress the response if the client accepts it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        response = _CompressedResponse(
            Coding.of(headers.get("accept-encoding", "")), headers.get("if-none-match", ""), send
        )
        await self._app(scope, receive, response.send)


class _CompressedResponse:
    """One response. Its head is held back until the first piece of the body, whose length decides on compression."""

    def __init__(self, coding: Coding, if_none_match: str, send: Send) -> None:
        self._coding, self._if_none_match, self._send = coding, if_none_match, send
        self._start: Message | None = None
        self._compressor: Compressor | None = None

    async def send(self, message: Message) -> None:
        """Pass on a message; the body is compressed if the response qualifies."""
        if message["type"] == "http.response.start":
            if self._is_candidate(message):
                self._start = message
            else:
                await self._send(message)
            return
        start, self._start = self._start, None
        if start is not None and self._is_worth_it(message):
            self._begin(start)
        message = await self._encode(message, start)
        if start is not None:
            await self._send(start)
        await self._send(message)

    def _is_candidate(self, start: Message) -> bool:
        """True if type and status of the response, and the client, allow compression. Set the headers for caches."""
        headers = MutableHeaders(scope=start)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == EVENT_STREAM:
            return False
        headers.add_vary_header("Accept-Encoding")
        if start["status"] == 304 and f"W/{headers.get('etag')}" in self._if_none_match:
            self._weaken(headers)
        is_compressible = (kind in TYPES or kind.startswith(TEXT)) and start["status"] not in BODILESS_OR_PARTIAL
        return is_compressible and self._coding.name is not None and "content-encoding" not in headers

    def _is_worth_it(self, first: Message) -> bool:
        is_whole = not first.get("more_body", False)
        return not is_whole or self._coding.is_required or len(first.get("body", b"")) >= MIN_BYTES

    def _begin(self, start: Message) -> None:
        name, headers = str(self._coding.name), MutableHeaders(scope=start)
        self._compressor = _compressor(name)
        headers["content-encoding"] = name
        del (
            headers["content-length"],
            headers["accept-ranges"],
        )  # ranges of the file are not ranges of the compressed body
        self._weaken(headers)

    def _weaken(self, headers: MutableHeaders) -> None:
        """Make the ETag of an uncompressed file weak: the compressed content is the same, the bytes are not."""
        etag = headers.get("etag", "")
        if etag and self._coding.name and not etag.endswith(f'-{self._coding.name}"') and not etag.startswith("W/"):
            headers["etag"] = f"W/{etag}"

    async def _encode(self, message: Message, start: Message | None) -> Message:
        if self._compressor is None or message["type"] != "http.response.body":
            return message
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        if len(body) > MAX_BYTES_ON_LOOP:
            encoded = await run_sync(_compress, self._compressor, body, is_last)
        else:
            encoded = _compress(self._compressor, body, is_last)
        if start is not None and is_last:
            MutableHeaders(scope=start)["content-length"] = str(len(encoded))
        return {**message, "body": encoded}


def _compress(compressor: Compressor, body: bytes, is_last: bool) -> bytes:
    return compressor.compress(body) + (compressor.flush() if is_last else b"")
