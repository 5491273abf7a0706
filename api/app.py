"""HTTP application: `uvicorn --factory api.app:create_app`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from api.http import errors, openapi
from api.http.body_limit import BodyLimit
from api.http.compression import Compression
from api.http.dashboard import dashboard
from api.http.dependencies import Services
from api.http.methods import Methods
from api.http.origins import OriginCheck
from api.http.query import QueryCheck
from api.http.security_headers import SecurityHeaders
from api.live.live import Live
from api.live.study_streams import StudyStreams
from api.routes import (
    catalogue,
    charts,
    datasets,
    diagnosis,
    events,
    experiments,
    exports,
    external,
    facts,
    models,
    plane,
    probes,
    series,
    studies,
    study_charts,
    treatment_list,
    treatments,
    weights,
)
from core.blobs import open_blobs, shared_blobs
from core.catalogue import catalogue as build_catalogue
from core.queue import CeleryQueue
from core.samples.parser import Parser
from core.settings import Settings
from core.store import ExperimentStore
from core.use_cases.checking import Checker

STATIC = Path(__file__).parent / "static"
ROUTES = (
    diagnosis,
    treatments,
    treatment_list,
    studies,
    study_charts,
    experiments,
    external,
    facts,
    models,
    series,
    plane,
    charts,
    events,
    exports,
    datasets,
    weights,
    catalogue,
    probes,
)


# Imported while the service starts, so that the first request for samples does not wait for them.
PRELOADED = ("sklearn.datasets", "sklearn.preprocessing")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Open the store, the queue, the event streams and the checker of datasets. Close them when the block ends."""
    blobs, shared = open_blobs(settings), shared_blobs(settings)
    store = ExperimentStore(
        settings.database,
        lease=settings.lease,
        max_attempts=settings.max_attempts,
        silence=settings.silence,
        blobs=shared,
    )
    parser = Parser(settings.max_dataset_bytes, os.environ)
    checker = Checker(
        store,
        blobs,
        parser,
        folder=settings.data_dir,
        is_shared=shared is not None,
        every=settings.sweep_every,
    )
    services = Services(settings, store, CeleryQueue(settings), Live(store), StudyStreams(store), blobs, checker)
    checker.start()
    try:
        yield services
    finally:
        await services.end_streams()
        await to_thread.run_sync(checker.close)
        store.close()


def create_app(settings: Settings | None = None) -> FastAPI:
    """Create the HTTP application.

    Raises:
        SystemExit: other machines could reach the service, and no key is set.
    """
    settings = settings or Settings()
    if settings.open_to_others and settings.api_key is None:
        raise SystemExit(
            f"Others can reach {settings.host}: set GRADLAB_API_KEY, or bind to 127.0.0.1. If only this machine "
            "reaches the port, as in a container that publishes it on 127.0.0.1, set "
            "GRADLAB_PUBLISHED_ON_LOOPBACK=true."
        )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        for module in PRELOADED:
            import_module(module)
        build_catalogue()  # cached, for the first visit to the dashboard
        async with opened(settings) as app.state.services:
            yield

    app = FastAPI(
        title="Gradient Lab",
        summary="See why a deep network does not learn",
        description=openapi.DESCRIPTION,
        version=version("gradient-lab"),
        lifespan=lifespan,
        separate_input_output_schemas=False,  # responses contain a spec in the form of the request
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    errors.install(app)
    openapi.describe(app)
    for module in ROUTES:
        app.routes.extend(module.router.routes)
    # The modules that draw come with the library, which inlines them in its reports.
    drawing = StaticFiles(directory=STATIC / "dashboard", packages=[("gradlab.report", "static")])
    app.mount("/static/dashboard", drawing, name="dashboard")
    app.state.dashboard = dashboard(
        (STATIC / "index.html").read_text(), [Path(each) for each in drawing.all_directories], settings.label
    )
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for path, endpoint in (("/", _dashboard), ("/docs", _docs), ("/openapi.json", _description)):
        app.add_api_route(path, endpoint, include_in_schema=False, dependencies=[QueryCheck])
    app.state.methods = Methods(app.routes)
    larger = {
        datasets.router.prefix: settings.max_dataset_bytes,
        weights.router.prefix: settings.max_weights_bytes,
    }
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, larger=larger)
    app.add_middleware(OriginCheck, settings=settings)
    app.add_middleware(Compression)
    app.add_middleware(SecurityHeaders)
    return app


def _dashboard(request: Request) -> HTMLResponse:
    return HTMLResponse(request.app.state.dashboard)


def _docs() -> FileResponse:
    return FileResponse(STATIC / "docs.html")


def _description(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())
