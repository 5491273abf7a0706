"""Every chart's SVG at its own address, in a browser: drawn as it is meant, and nothing in it runs."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser

from api.http.security_headers import POLICY_OF_SVG
from core.store import ExperimentStore
from gradlab.schemas.status import Status
from gradlab.spec import ExperimentSpec
from tests.browser.pages import PATIENCE, Reader, chromium
from tests.builders import a_chunk, a_spec, measured

RECURRENT = a_spec(
    epochs=4,
    dataset={"kind": "adding", "samples": 40, "length": 6},
    model={"layers": [{"kind": "simple_rnn", "units": 3}, {"kind": "dense", "units": 1}]},
    training={"loss": "mean_squared_error", "optimizer": {"kind": "sgd", "learning_rate": 0.1}, "epochs": 4},
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all charts."""
    with chromium() as found:
        yield found


def charts(url: str, store: ExperimentStore, spec: ExperimentSpec) -> dict[str, str]:
    """The addresses of the charts of an experiment that has been trained."""
    experiment, _ = store.add(spec)
    claim = store.claim(experiment.id, worker="one")
    assert claim
    for seed in spec.seeds:
        store.append(claim, a_chunk(spec, seed=seed, history=measured(spec, seed, 0, spec.training.epochs + 1)))
    store.finish(claim, Status.completed)
    listed = httpx2.get(f"{url}/experiments/{experiment.id}/charts").json()["charts"]
    return {each["name"]: f"{url}{each['svg']}" for each in listed}


def look_at(address: str, url: str, browser: Browser) -> None:
    """Open a chart; fail where its policy forbids anything of it, or it is not drawn in colours."""
    assert httpx2.get(address, timeout=PATIENCE / 1000).headers["Content-Security-Policy"] == POLICY_OF_SVG
    reader = Reader(browser, url)
    reader.page.goto(address)
    drawn, fills = reader.page.evaluate(
        """() => {
            const drawn = [...document.querySelectorAll("path, use, image, text")];
            return [drawn.length, new Set(drawn.map((each) => getComputedStyle(each).fill)).size];
        }"""
    )
    reader.close()
    assert reader.complaints == [], address
    assert drawn > 5, address
    assert fills > 1, address  # with its styles forbidden everything is black


def test_charts_are_drawn_at_their_own_addresses(live_api: str, live_store: ExperimentStore, browser: Browser):
    drawable = charts(live_api, live_store, a_spec(seeds=(0, 1)))
    for name in ("boundary", "data", "gradients-heatmap", "history"):
        look_at(drawable[name], live_api, browser)


@pytest.mark.campaign
@pytest.mark.parametrize("spec", [a_spec(seeds=(0, 1)), RECURRENT], ids=["flat", "recurrent"])
def test_every_chart_is_drawn_at_its_own_address(
    live_api: str, live_store: ExperimentStore, browser: Browser, spec: ExperimentSpec
):
    for address in charts(live_api, live_store, spec).values():
        look_at(address, live_api, browser)
