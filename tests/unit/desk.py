"""The front desk of unit tests, on a SQLite file, with a bell that only remembers."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute

from api.app import create_app, opened
from core.settings import Settings
from core.store import ExperimentStore
from gradlab.client.client import Client
from gradlab.facts import of_spec
from gradlab.measurement.history import Culprit, History
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.builders import ARCHITECTURE, Bell, a_chunk, a_spec, measured

# An application prepares its routes at its first request, for a tenth of a second. They depend on no setting: the
# applications of all desks share them.
_routes: list[BaseRoute] = []


@dataclass(frozen=True)
class Desk:
    """The front desk, and what stands behind it."""

    http: TestClient
    store: ExperimentStore
    bell: Bell
    settings: Settings

    def submit(self, spec: ExperimentSpec | None = None, **headers: str) -> str:
        """Submit a spec; the path of the experiment."""
        answer = self.http.post("/experiments", json=as_json(spec or a_spec()), headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.headers["Location"])

    def upload(self, content: bytes | str, media_type: str = "text/csv", **query: str) -> Any:
        """The answer to an upload of a file of samples."""
        body = content.encode() if isinstance(content, str) else content
        return self.http.post("/datasets", content=body, headers={"Content-Type": media_type}, params=query)

    def checked(self, location: str) -> dict[str, Any]:
        """An uploaded dataset, by its path, once its check has ended."""
        deadline = time.monotonic() + 30
        while (answer := self.http.get(location).json())["status"] == "checking":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return dict(answer)

    def trained(self, spec: ExperimentSpec, epochs: dict[int, int] | None = None, **histories: History) -> str:
        """An experiment whose runs have been trained for some epochs, all by default; the path of it.

        Those that were not trained for all have diverged. `histories` hold a run's whole history instead, under
        `seed_<its seed>`.
        """
        experiment, _ = self.store.add(spec)
        claim = self.store.claim(experiment.id, worker="one")
        assert claim
        wanted = epochs or dict.fromkeys(spec.seeds, spec.training.epochs)
        for seed, count in wanted.items():
            history = histories.get(f"seed_{seed}") or measured(spec, seed, 0, count + 1)
            why: dict[str, Any] = {}
            if count < spec.training.epochs:
                culprit = Culprit(count, 2, "gradient", "dense_1", "kernel", "inf", 3)
                why = {"stopped_by": "nonfinite", "culprit": culprit}
            chunk = a_chunk(spec, seed=seed, history=history, **why)
            self.store.append(claim, chunk, architecture=ARCHITECTURE, facts=of_spec(spec))
        self.store.finish(claim, Status.completed, versions={"keras": "3"})
        return f"/experiments/{experiment.id}"


@cache
def description() -> dict[str, Any]:
    """The API's description. It takes a second, once in a process."""
    return create_app(Settings(_env_file=None)).openapi()


def client_of(desk: Desk, key: str | None = None) -> Client:
    """A client whose requests, with a key or without one, the desk answers in this process."""
    client = Client("http://testserver", key)
    if key is not None:
        desk.http.headers.update(client._http.headers)
    client.close()
    client._http = desk.http
    return client


def as_json(spec: ExperimentSpec) -> dict[str, Any]:
    """A spec as a client would send it."""
    sent: dict[str, Any] = json.loads(spec.canonical())
    return sent


@contextmanager
def a_desk(migrated_file: Path, data_dir: Path, **chosen: Any) -> Iterator[Desk]:
    """A desk whose data are in `data_dir`, with some settings of its own."""
    shutil.copy(migrated_file, data_dir / "gradlab.db")
    settings = Settings(_env_file=None, data_dir=data_dir, **chosen)
    app = create_app(settings)
    _routes[:] = _routes or app.routes
    app.router.routes = _routes
    app.openapi = description  # type: ignore[method-assign]  # whatever the settings: tests/unit/test_api_key.py
    http = TestClient(app, raise_server_exceptions=False)
    with start_blocking_portal() as http.portal, http.portal.wrap_async_context_manager(opened(settings)) as services:
        bell = Bell()
        app.state.services = replace(services, queue=bell)
        yield Desk(http, services.store, bell, settings)


@pytest.fixture
def open_desk(migrated_file: Path, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Opens a desk with some settings of its own."""
    with ExitStack() as opened:
        yield lambda **chosen: opened.enter_context(a_desk(migrated_file, tmp_path, **chosen))


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """A desk as it comes."""
    return open_desk()


@pytest.fixture(scope="module")
def shared_desk(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk for all tests of a module: for those that look, and change nothing that others look at."""
    with a_desk(migrated_file, tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture
def exploded() -> tuple[ExperimentSpec, History]:
    """Six epochs of a run that explodes: kernel gradients of the first layer reach infinity in epoch 3, then NaN."""
    spec = a_spec(epochs=6)
    history = measured(spec, 0, 0, 7)
    history.series["gradients"][3, 0, 0] = np.inf
    history.series["gradients"][4:, 0, 0] = np.nan
    history.metrics[5:, 0] = np.nan
    return spec, history
