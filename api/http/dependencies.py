"""What endpoints need, handed in: the services, the key check, and what the caller has already and accepts."""

import hashlib
import secrets
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Annotated
from uuid import UUID

from anyio import CapacityLimiter
from fastapi import Depends, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.http.errors import NotAcceptable, NotModified, Unauthorized
from api.http.negotiation import Coding, wishes
from api.live.live import Live
from core.queue import CeleryQueue
from core.settings import Settings
from core.store import ExperimentStore
from gradlab.schemas.media_types import CSV, JSON, NPZ

# So many bodies are validated at a time: each holds the interpreter's lock for as long.
MAX_BODY_READERS = 2
# So many triages wait for a worker at a time; the others wait for one of these to end.
MAX_TRIAGE_WAITERS = 20


@dataclass(frozen=True)
class Services:
    """Everything that lives as long as the application."""

    settings: Settings
    store: ExperimentStore
    queue: CeleryQueue
    live: Live
    body_readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_BODY_READERS))
    triage_waiters: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_TRIAGE_WAITERS))


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _settings(services: Annotated[Services, Depends(_services)]) -> Settings:
    return services.settings


def _store(services: Annotated[Services, Depends(_services)]) -> ExperimentStore:
    return services.store


def _queue(services: Annotated[Services, Depends(_services)]) -> CeleryQueue:
    return services.queue


SettingsDep = Annotated[Settings, Depends(_settings)]
Store = Annotated[ExperimentStore, Depends(_store)]
Queue = Annotated[CeleryQueue, Depends(_queue)]


BEARER = HTTPBearer(auto_error=False, description="The service's key, where it has one.")
Sent = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]


def authorized(settings: SettingsDep, sent: Sent) -> None:
    """Refuse whoever does not send the key, where there is one.

    Raises:
        Unauthorized: the key is missing or wrong.
    """
    if settings.api_key is None:
        return
    # Header values arrive as Latin-1; encoded the same way they are again the bytes that were sent.
    key = sent.credentials.encode("latin-1") if sent else b""
    if not secrets.compare_digest(key, settings.api_key.encode()):
        raise Unauthorized("send the service's key as `Authorization: Bearer …`")


def fresh(request: Request, response: Response, experiment_id: UUID, store: Store) -> str:
    """The answer's ETag: from the experiment's revision, the query and the media type asked for.

    Raises:
        NotFound: there is no such experiment.
        NotModified: the caller has that answer already.
    """
    etag = response.headers["ETag"] = etag_of(request, store.revision(experiment_id))
    response.headers["Vary"] = "Accept"
    return etag


def etag_of(request: Request, state: object) -> str:
    """A strong ETag for the answer to this request, while `state` is what it is: one for each coding of it.

    Raises:
        NotModified: the caller has that answer already.
    """
    basis = (state, request.url.path, request.url.query, request.headers.get("Accept", ""), _version())
    coding = Coding.of(request.headers.get("Accept-Encoding", "")).name
    etag = f'"{hashlib.sha256(repr(basis).encode()).hexdigest()[:32]}{f"-{coding}" if coding else ""}"'
    held = {each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")}
    if etag in held or "*" in held:
        raise NotModified(etag)
    return etag


ETag = Annotated[str, Depends(fresh)]


@cache
def _version() -> str:
    return version("gradient-lab")


def accepted(request: Request) -> str:
    """The media type, of those that series come in, that the caller likes best: JSON, CSV or NPZ.

    Raises:
        NotAcceptable: it likes none of them.
    """
    wished = wishes(request.headers.get("Accept", "*/*"))
    liked = {kind: _quality(kind, wished) for kind in (JSON, CSV, NPZ)}
    best = max(liked, key=lambda kind: liked[kind])  # of equals the first
    if liked[best] <= 0:
        raise NotAcceptable(f"this answer comes as {', '.join(liked)}; accepted: {request.headers['Accept']}")
    return best


MediaType = Annotated[str, Depends(accepted)]


def _quality(kind: str, wished: list[tuple[str, float]]) -> float:
    """RFC 9110, 12.5.1: the most specific wish that fits decides."""
    for pattern in (kind, f"{kind.split('/')[0]}/*", "*/*"):
        for name, quality in wished:
            if name == pattern:
                return quality
    return 0.0
