"""What holds for every answer, whatever it is about: headers that keep browsers from guessing, and HEAD."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "default-src 'self'; frame-ancestors 'none'"
# Swagger UI draws its icons from data: addresses and sets styles on elements.
POLICY_OF_DOCS = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
# A chart opened at its own address: its styles and the pictures inside it are shown, and nothing else is loaded or run.
POLICY_OF_SVG = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class SecurityHeaders:
    """Adds the security headers, and answers HEAD as GET without the body: FastAPI's routes know only GET.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, and look at the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head_only = scope["method"] == "HEAD"
        ended: list[bool] = []

        async def looked_at(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**SECURITY, "Content-Security-Policy": _policy(scope["path"], headers)})
            elif head_only and message["type"] == "http.response.body":
                if ended:
                    return
                message = {**message, "body": b"", "more_body": False}  # also of a stream that would never end
                ended.append(True)
            await send(message)

        await self._app({**scope, "method": "GET"} if head_only else scope, receive, looked_at)


def _policy(path: str, headers: MutableHeaders) -> str:
    if headers.get("Content-Type", "").startswith("image/svg+xml"):
        return POLICY_OF_SVG
    return POLICY_OF_DOCS if path == "/docs" else POLICY
