"""Large request bodies are refused unread.

FastAPI has a limit of its own, which answers a declared length in plain text and past every error handler.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import BodyTooLarge


class BodyLimit:
    """Refuses a body as soon as its declared or its received length is too large.

    Args:
        app: what is protected.
        most: bytes.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, with a `receive` that counts: a declared length need not be true."""
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
        if length > self._most:
            raise BodyTooLarge(f"the body is larger than {self._most:,} bytes, the most this service reads")
