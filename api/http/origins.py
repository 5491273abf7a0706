"""Who may speak to the service through a browser: names it answers to, and pages that may write.

A page anywhere can send requests to a service on its reader's machine. Two checks keep it out. A name that the page's
owner has made to resolve to this machine ("DNS rebinding") stands in `Host`: 421 unless it is one of ours. A page of
another origin says so in `Origin` and `Sec-Fetch-Site`, which no script can forge: 403 where the request writes.
Clients that are no browsers send neither of the two, and are let through.
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
# What a browser says of a request by a page of ours, and of an address that was typed in.
OWN_SITES = {"same-origin", "none"}


@dataclass(frozen=True)
class Authority:
    """A name or an address, and a port where one is named: `[::1]:8000` is `::1` and 8000."""

    name: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> "Authority | None":
        """From the text of a `Host` header; None where it is none. Case and a final dot make no difference."""
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
        """True of `localhost` and of the addresses that no other machine can have."""
        if self.name == "localhost":
            return True
        try:
            address = ip_address(self.name)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback


class OriginCheck:
    """Refuses names that are not the service's, and writes by pages of other origins.

    The service's are: loopback names and addresses, the host it listens on, the address at which the connection came
    in (no name that a page could have chosen), and those in `settings.hosts`.

    Args:
        app: what is protected.
        settings: say which names the service has.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        own = Authority.parse(f"[{settings.host}]" if ":" in settings.host else settings.host)
        self._listed = frozenset(settings.hosts)
        # All addresses at once are nobody's name.
        self._own = own.name if own and own.name not in ("0.0.0.0", "::") else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer with a problem document."""
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
        """The name by which the service was called, if it is one of its names."""
        sent = headers.getlist("host")
        host = Authority.parse(sent[0]) if len(sent) == 1 else None
        if host is None:
            return None
        own = {self._own, (scope.get("server") or (None,))[0]}
        allowed = host.is_loopback or host.name in own or "*" in self._listed or self._is_listed(host.name)
        return host if allowed else None

    def _is_listed(self, name: str) -> bool:
        """True of a listed name, and of one below a listed `*.name`."""
        parents = (f"*{name[place:]}" for place, letter in enumerate(name) if letter == ".")
        return not self._listed.isdisjoint((name, *parents))

    def _foreign(self, headers: Headers, host: Authority) -> str | None:
        """What says that the request comes from a page of another origin; None where nothing does."""
        for site in headers.getlist("sec-fetch-site"):
            if site.strip().lower() not in OWN_SITES:
                return f"Sec-Fetch-Site: expected same-origin or none; received {shorten(site)}"
        for origin in headers.getlist("origin"):
            if not self._is_own(origin, host):
                return f"Origin: expected the service's own; received {shorten(origin)}"
        return None

    def _is_own(self, origin: str, host: Authority) -> bool:
        """True of the origin that has the name and port of `Host`, and of names in `settings.hosts`.

        The latter are for a proxy that takes the service's name and passes on another `Host`.
        """
        scheme, separator, rest = origin.strip().lower().partition("://")
        authority = Authority.parse(rest)
        if not separator or scheme not in DEFAULT_PORTS or authority is None:
            return False  # `null`: a file, a sandboxed frame
        ports = {each.port or DEFAULT_PORTS[scheme] for each in (authority, host)}
        return (authority.name == host.name and len(ports) == 1) or self._is_listed(authority.name)


def _received(sent: list[str]) -> str:
    return ", ".join(map(shorten, sent)) or "nothing"
