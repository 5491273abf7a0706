"""Answers are compressed where the caller takes it and it is worth the time: JSON, CSV, SVG, pages and scripts."""

import zlib
from typing import Protocol

import pyarrow as pa
from anyio.to_thread import run_sync
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.negotiation import Coding
from api.http.outflow import Outflow

# What is neither compressed already nor a stream of events, which must not wait in a buffer.
TYPES = {"application/json", "application/problem+json", "application/javascript", "image/svg+xml"}
TEXT, EVENT_STREAM = "text/", "text/event-stream"
BODILESS_OR_PARTIAL = (204, 206, 304)
# Below, an answer fits into one packet of a network (1,460 bytes) as it is.
MIN_BYTES = 1_400
# Above, a piece is compressed in a thread: gzip takes 15 ms for a megabyte of numbers.
MAX_BYTES_ON_LOOP = 64_000
# Of 1.9 MB of numbers the fastest level makes 920 kB in 29 ms, the usual sixth 858 kB in 202 ms.
GZIP_LEVEL, GZIP_WINDOW = 1, 31


class Compressor(Protocol):
    """Compresses a stream piece by piece."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class Zstd:
    """Arrow's zstd as a compressor: Python's own comes with 3.14."""

    def __init__(self) -> None:
        self._out = Outflow()
        self._stream = pa.CompressedOutputStream(self._out, "zstd")

    def compress(self, data: bytes, /) -> bytes:
        """Take in the next piece; what has come out so far."""
        self._stream.write(data)
        return self._out.taken()

    def flush(self) -> bytes:
        """What comes at the end."""
        self._stream.close()
        return self._out.taken()


def _compressor(name: str) -> Compressor:
    return Zstd() if name == "zstd" else zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW)


class Compression:
    """Compresses the bodies of answers.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, and compress the answer where it is to be."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = _Answer(Coding.of(headers.get("accept-encoding", "")), headers.get("if-none-match", ""), send)
        await self._app(scope, receive, answer.send)


class _Answer:
    """One answer on its way. A head of what may be compressed waits for the first piece, which says how long it is."""

    def __init__(self, coding: Coding, held: str, send: Send) -> None:
        self._coding, self._held, self._send = coding, held, send
        self._start: Message | None = None
        self._compressor: Compressor | None = None

    async def send(self, message: Message) -> None:
        """Pass on a message, compressed if need be."""
        if message["type"] == "http.response.start":
            if self._is_candidate(message):
                self._start = message
            else:
                await self._send(message)
            return
        start, self._start = self._start, None
        if start is not None and self._is_worth_it(message):
            self._begin(start)
        message = await self._coded(message, start)
        if start is not None:
            await self._send(start)
        await self._send(message)

    def _is_candidate(self, start: Message) -> bool:
        """Whether this kind of answer is compressed, for this caller; what depends on that is put into its head."""
        headers = MutableHeaders(scope=start)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == EVENT_STREAM:
            return False
        headers.add_vary_header("Accept-Encoding")
        if start["status"] == 304 and f"W/{headers.get('etag')}" in self._held:
            self._weaken(headers)
        suited = (kind in TYPES or kind.startswith(TEXT)) and start["status"] not in BODILESS_OR_PARTIAL
        return suited and self._coding.name is not None and "content-encoding" not in headers

    def _is_worth_it(self, first: Message) -> bool:
        is_whole = not first.get("more_body", False)
        return not is_whole or self._coding.is_required or len(first.get("body", b"")) >= MIN_BYTES

    def _begin(self, start: Message) -> None:
        name, headers = str(self._coding.name), MutableHeaders(scope=start)
        self._compressor = _compressor(name)
        headers["content-encoding"] = name
        del headers["content-length"], headers["accept-ranges"]  # a part of the file is no part of this
        self._weaken(headers)

    def _weaken(self, headers: MutableHeaders) -> None:
        """An ETag that knows nothing of codings is that of the uncompressed file: the same content, other bytes."""
        etag = headers.get("etag", "")
        if etag and self._coding.name and not etag.endswith(f'-{self._coding.name}"') and not etag.startswith("W/"):
            headers["etag"] = f"W/{etag}"

    async def _coded(self, message: Message, start: Message | None) -> Message:
        if self._compressor is None or message["type"] != "http.response.body":
            return message
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        if len(body) > MAX_BYTES_ON_LOOP:
            coded = await run_sync(_compressed, self._compressor, body, is_last)
        else:
            coded = _compressed(self._compressor, body, is_last)
        if start is not None and is_last:
            MutableHeaders(scope=start)["content-length"] = str(len(coded))
        return {**message, "body": coded}


def _compressed(compressor: Compressor, body: bytes, is_last: bool) -> bytes:
    return compressor.compress(body) + (compressor.flush() if is_last else b"")
