"""Dependencies of endpoints: services, the check of the API key, ETags and media types."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from importlib.metadata import version
from typing import Annotated
from uuid import UUID

from anyio import CapacityLimiter
from fastapi import Depends, Request, Response
from fastapi.requests import HTTPConnection
from fastapi.security import HTTPBearer

from api.http.errors import NotAcceptable, NotModified, Unauthorized
from api.http.negotiation import Coding, parse_preferences
from api.http.submitter import Submitter
from api.live.live import Live
from api.live.study_streams import StudyStreams
from core.blobs import BlobStore
from core.queue import CeleryQueue
from core.settings import Settings
from core.store import ExperimentStore
from core.use_cases.checking import Checker
from core.use_cases.experiments import submit_all
from core.use_cases.samples import SampleLoader
from gradlab.diagnosis.summary import rules_hash

# Bodies validated at a time. Each holds the interpreter's lock meanwhile.
MAX_BODY_READERS = 2
# Files received at a time. Each may take `max_dataset_bytes` of the disk.
MAX_UPLOADS = 8
# Triages that wait for a worker at a time. Further ones queue up behind them.
MAX_TRIAGE_WAITERS = 20


@dataclass(frozen=True)
class Services:
    """Objects that live as long as the application."""

    settings: Settings
    store: ExperimentStore
    queue: CeleryQueue
    live: Live
    live_studies: StudyStreams
    blobs: BlobStore
    checker: Checker
    body_readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_BODY_READERS))
    triage_waiters: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_TRIAGE_WAITERS))
    uploads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MAX_UPLOADS))

    async def end_streams(self) -> None:
        """End all event streams."""
        await self.live.close()
        await self.live_studies.close()

    @cached_property
    def submitter(self) -> Submitter:
        """The writer of the experiments that clients submit side by side."""
        return Submitter(partial(submit_all, store=self.store, queue=self.queue, settings=self.settings))

    @cached_property
    def load(self) -> SampleLoader:
        """The loader of the samples that charts show."""
        return SampleLoader(self.store, self.blobs)


# Lookups are coroutines without dependencies: FastAPI sends functions through its threads, and each dependency costs
# a tenth of a millisecond.
async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _settings(request: Request) -> Settings:
    return (await _services(request)).settings


async def _store(request: Request) -> ExperimentStore:
    return (await _services(request)).store


async def _queue(request: Request) -> CeleryQueue:
    return (await _services(request)).queue


ServicesDep = Annotated[Services, Depends(_services)]
SettingsDep = Annotated[Settings, Depends(_settings)]
Store = Annotated[ExperimentStore, Depends(_store)]
Queue = Annotated[CeleryQueue, Depends(_queue)]


class ServiceKey(HTTPBearer):
    """Check of the API key, if the service has one; its scheme is in the description."""

    def __init__(self) -> None:
        description = "The service's key, where it has one."
        super().__init__(scheme_name="HTTPBearer", auto_error=False, description=description)

    async def __call__(self, request: HTTPConnection) -> None:
        """Check the key of a request.

        Raises:
            Unauthorized: the key is missing or wrong.
        """
        services: Services = request.app.state.services
        if services.settings.api_key is None:
            return
        credentials = await super().__call__(request)
        # Header values are decoded as Latin-1; encoding them again gives the bytes that were sent.
        key = credentials.credentials.encode("latin-1") if credentials else b""
        if not secrets.compare_digest(key, services.settings.api_key.encode()):
            raise Unauthorized("send the service's key as `Authorization: Bearer …`")


SERVICE_KEY = ServiceKey()
KeyCheck = Depends(SERVICE_KEY)


def revision_of(experiment_id: UUID, store: Store) -> int:
    """Return the experiment's revision. Raises NotFound."""
    return store.revision(experiment_id)


Revision = Annotated[int, Depends(revision_of)]


async def fresh(request: Request, response: Response, revision: Revision) -> str:
    """Return the response's ETag, made from the experiment's revision, the query and the accepted media type.

    Raises:
        NotFound: there is no such experiment.
        NotModified: the client has a current response.
    """
    etag = response.headers["ETag"] = etag_of(request, revision)
    response.headers["Vary"] = "Accept"
    return etag


def etag_of(request: Request, state: object) -> str:
    """Return a strong ETag for the response to this request. It depends on `state` and on the content coding.

    Raises:
        NotModified: the client has a current response.
    """
    # Whether a summary is stale depends on the rules of this process.
    basis = (rules_hash(), state, request.url.path, request.url.query, request.headers.get("Accept", ""), _version())
    coding = Coding.of(request.headers.get("Accept-Encoding", "")).name
    etag = f'"{hashlib.sha256(repr(basis).encode()).hexdigest()[:32]}{f"-{coding}" if coding else ""}"'
    cached = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
    if etag in cached or "*" in cached:
        raise NotModified(etag)
    return etag


ETag = Annotated[str, Depends(fresh)]


@cache
def _version() -> str:
    return version("gradient-lab")


def preferred(request: Request, kinds: Sequence[str]) -> str:
    """Return the media type that the client prefers, the first of equals.

    Raises:
        NotAcceptable: the client accepts none of them.
    """
    preferences = parse_preferences(request.headers.get("Accept", "*/*"))
    qualities = {kind: _quality(kind, preferences) for kind in kinds}
    best = max(qualities, key=lambda kind: qualities[kind])
    if qualities[best] <= 0:
        raise NotAcceptable(f"this answer comes as {', '.join(qualities)}; accepted: {request.headers['Accept']}")
    return best


def _quality(kind: str, preferences: list[tuple[str, float]]) -> float:
    """Return the quality of the most specific preference that matches (RFC 9110, 12.5.1)."""
    for pattern in (kind, f"{kind.split('/')[0]}/*", "*/*"):
        for name, quality in preferences:
            if name == pattern:
                return quality
    return 0.0
