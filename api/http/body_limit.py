"""Limit on the length of request bodies.

FastAPI's own limit answers in plain text and bypasses the error handlers.
"""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import BodyTooLarge


class BodyLimit:
    """Middleware that refuses a body as soon as its declared or its received length exceeds the limit.

    Args:
        app: the application.
        max_bytes: the limit.
        larger: path -> limit, for endpoints that receive files.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, larger: Mapping[str, int]) -> None:
        self._app, self._max_bytes, self._larger = app, max_bytes, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request with a `receive` that counts bytes, because a declared length may be false."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._max_bytes)
        declared = dict(scope["headers"]).get(b"content-length", b"")
        received = 0

        async def counting() -> Message:
            nonlocal received
            if declared.isdigit():
                _check(int(declared), limit)
            message = await receive()
            received += len(message.get("body", b""))
            _check(received, limit)
            return message

        await self._app(scope, counting, send)


def _check(length: int, limit: int) -> None:
    if length > limit:
        raise BodyTooLarge(f"the body is larger than {limit:,} bytes, the most this service reads")
