"""Protection against requests of foreign web pages: checks of `Host`, `Origin` and `Sec-Fetch-Site`.

Any web page can make its visitor's browser send requests to a service on the visitor's machine. Two checks refuse them:

* A foreign name may resolve to this machine ("DNS rebinding"). The browser sends that name in `Host`: the response is
  421 unless it is one of the service's names.
* A page of another origin is named in `Origin` and `Sec-Fetch-Site`, which scripts cannot forge: the response is 403 if
  the request writes.

Clients other than browsers send neither `Origin` nor `Sec-Fetch-Site`, and pass.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.errors import problem
from core.settings import Settings
from gradlab.errors import shorten

READING = {"GET", "HEAD", "OPTIONS"}
DEFAULT_PORTS = {"http": 80, "https": 443}
# Values of `Sec-Fetch-Site` for requests of the service's own pages, and for addresses that the user typed.
OWN_SITES = {"same-origin", "none"}


@dataclass(frozen=True)
class Authority:
    """Host name or address, and port if there is one: `[::1]:8000` is `::1` and 8000."""

    name: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> "Authority | None":
        """Parse a `Host` header; None if it is invalid. Case and a final dot are ignored."""
        if not text or set(text) & set("/?#@\\ \t,"):
            return None
        try:
            parts = urlsplit(f"//{text}")
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        name = name.removesuffix(".")
        return cls(name, port) if name else None

    @property
    def is_loopback(self) -> bool:
        """True for `localhost` and for loopback addresses."""
        if self.name == "localhost":
            return True
        try:
            address = ip_address(self.name)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback


class OriginCheck:
    """Middleware that refuses foreign host names, and writes by pages of other origins.

    The service's names are: loopback names and addresses, the host it listens on, the local address of the connection
    (a page cannot choose it), and those in `settings.hosts`.

    Args:
        app: the application.
        settings: the service's host and further host names.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        own = Authority.parse(f"[{settings.host}]" if ":" in settings.host else settings.host)
        self._listed = frozenset(settings.hosts)
        # The unspecified address is not a name.
        self._own = own.name if own and own.name not in ("0.0.0.0", "::") else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request, or respond with a problem document."""
        if scope["type"] == "http":
            headers, request = Headers(scope=scope), Request(scope)
            host = self._host(headers, scope)
            if host is None:
                detail = (
                    "Host: expected a name of this service: localhost, a loopback address, or one listed in "
                    f"GRADLAB_HOSTS; received {_received(headers.getlist('host'))}"
                )
                return await problem(request, 421, detail)(scope, receive, send)
            if scope["method"] not in READING and (foreign := self._foreign(headers, host)):
                detail = f"{foreign}; pages of other origins may not change anything here"
                return await problem(request, 403, detail)(scope, receive, send)
        await self._app(scope, receive, send)
        return None

    def _host(self, headers: Headers, scope: Scope) -> Authority | None:
        """Return the requested host if it is one of the service's names."""
        sent = headers.getlist("host")
        host = Authority.parse(sent[0]) if len(sent) == 1 else None
        if host is None:
            return None
        own = {self._own, (scope.get("server") or (None,))[0]}
        allowed = host.is_loopback or host.name in own or "*" in self._listed or self._is_listed(host.name)
        return host if allowed else None

    def _is_listed(self, name: str) -> bool:
        """True for a listed name, and for a subdomain of a listed `*.name`."""
        parents = (f"*{name[index:]}" for index, letter in enumerate(name) if letter == ".")
        return not self._listed.isdisjoint((name, *parents))

    def _foreign(self, headers: Headers, host: Authority) -> str | None:
        """Describe the header that shows a page of another origin; None if no header does."""
        for site in headers.getlist("sec-fetch-site"):
            if site.strip().lower() not in OWN_SITES:
                return f"Sec-Fetch-Site: expected same-origin or none; received {shorten(site)}"
        for origin in headers.getlist("origin"):
            if not self._is_own(origin, host):
                return f"Origin: expected the service's own; received {shorten(origin)}"
        return None

    def _is_own(self, origin: str, host: Authority) -> bool:
        """True for an origin with the name and port of `Host`, and for names in `settings.hosts`.

        Listed names support a proxy that serves the service's name and passes on another `Host`.
        """
        scheme, separator, rest = origin.strip().lower().partition("://")
        authority = Authority.parse(rest)
        if not separator or scheme not in DEFAULT_PORTS or authority is None:
            return False  # `null` stands for a file or a sandboxed frame
        ports = {part.port or DEFAULT_PORTS[scheme] for part in (authority, host)}
        return (authority.name == host.name and len(ports) == 1) or self._is_listed(authority.name)


def _received(sent: list[str]) -> str:
    return ", ".join(map(shorten, sent)) or "nothing"
