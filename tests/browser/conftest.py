"""A browser for the acceptance service."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from gradlab.schemas.status import Status
from gradlab.spec.experiment import parse
from tests.browser.pages import Reader, chromium
from tests.builders import a_spec
from tests.conftest import load_services

ROOT = Path(__file__).parents[2]


pytest_configure = load_services


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a file; while it is there, Playwright's event loop runs in this thread, and no other can."""
    with chromium() as found:
        yield found


@pytest.fixture
def reader(browser: Browser, service) -> Iterator[Callable[..., Reader]]:
    """Opens the dashboard of the service; at the end nobody has complained, and nobody has left the origin."""
    opened: list[Reader] = []

    def open_one(url: str = service.client.url, **context: Any) -> Reader:
        opened.append(Reader(browser, url, **context))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
    assert [complaint for each in opened for complaint in each.complaints] == []
    assert [url for each in opened for url in each.foreign] == []


@pytest.fixture(scope="session")
def trained(service) -> list[str]:
    """The tutorial's tanh and relu networks and a recurrent one, trained; the same for all tests."""
    names = ("tutorial-2-deep-tanh", "tutorial-3-deep-relu")
    specs = [
        parse((ROOT / "examples" / f"{name}.json").read_bytes()).model_copy(update={"seeds": (0, 1)}) for name in names
    ]
    steps = {"kind": "adding", "samples": 64, "length": 12, "train_size": 32, "seed": 1}
    loss = {"loss": "mean_squared_error", "optimizer": "adam", "epochs": 12, "batch_size": 16}
    network = {"layers": [{"kind": "simple_rnn", "units": 4}, {"kind": "dense", "units": 1}]}
    specs.append(a_spec(name="recurrent", dataset=steps, model=network, training=loss))
    ids = [service.client.submit(spec).id for spec in specs]
    assert [service.client.wait(each).status for each in ids] == [Status.completed] * 3
    return [str(each) for each in ids]
