"""Limit on the length of request bodies.

FastAPI's own limit answers in plain text and bypasses the error handlers.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import BodyTooLarge


class BodyLimit:
    """Middleware that refuses a body as soon as its declared or its received length exceeds the limit.

    Args:
        app: the application.
        max_bytes: the limit.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request with a `receive` that counts bytes, because a declared length may be false."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"")
        received = 0

        async def counting() -> Message:
            nonlocal received
            if declared.isdigit():
                self._check(int(declared))
            message = await receive()
            received += len(message.get("body", b""))
            self._check(received)
            return message

        await self._app(scope, counting, send)

    def _check(self, length: int) -> None:
        if length > self._max_bytes:
            raise BodyTooLarge(f"the body is larger than {self._max_bytes:,} bytes, the most this service reads")
