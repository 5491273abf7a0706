"""Security headers of every response, and the method HEAD."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "default-src 'self'; frame-ancestors 'none'"
# Swagger UI uses icons from data: URLs, and inline styles.
POLICY_OF_DOCS = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
# A chart opened at its own address may use inline styles and embedded images, and nothing else.
POLICY_OF_SVG = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class SecurityHeaders:
    """Middleware that adds security headers, and serves HEAD as GET without the body: FastAPI's routes serve only GET.

    Args:
        app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request, and add the headers to the response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        has_ended = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_ended
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**SECURITY, "Content-Security-Policy": _policy(scope["path"], headers)})
            elif is_head and message["type"] == "http.response.body":
                if has_ended:
                    return
                message = {**message, "body": b"", "more_body": False}  # the body of a stream may be endless
                has_ended = True
            await send(message)

        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send_with_headers)


def _policy(path: str, headers: MutableHeaders) -> str:
    if headers.get("Content-Type", "").startswith("image/svg+xml"):
        return POLICY_OF_SVG
    return POLICY_OF_DOCS if path == "/docs" else POLICY
