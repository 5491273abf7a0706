"""The first visit: a key to enter, and a dashboard without experiments. No worker: what grows is sent."""

import ast
import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from api.cli.serve import _api, _listen
from core.settings import Settings
from gradlab import Client
from tests.browser.pages import AWAY, Reader
from tests.builders import an_external_spec, measured
from tests.servers import free_port, wait_until

ROOT = Path(__file__).parents[2]
LAYERS, EPOCHS = 4, 30
EPOCHS_DONE = ".facts dd >> nth=0"


class Served:
    """The API in a thread, which can be started again on the same port with another key.

    Args:
        folder: of its data, with a migrated database.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.client = Client(self.url)
        self._running: list[tuple[Any, threading.Thread]] = []

    def start(self, key: str | None = None) -> None:
        """Start with a key, or none."""
        settings = Settings(_env_file=None, data_dir=self._folder, port=self._port, api_key=key)
        server, listener = _api(settings), _listen(settings)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        self._running.append((server, thread))
        wait_until(lambda: server.started)
        self.client.close()
        self.client = Client(self.url, key)

    def stop(self) -> None:
        """Stop, with all streams."""
        for server, thread in self._running:
            server.should_exit = True
            thread.join(30)
        self._running.clear()

    def submit(self, name: str) -> str:
        """Create an experiment for a training elsewhere."""
        self._spec = an_external_spec(name=name, epochs=EPOCHS, seeds=(0,), layers=LAYERS)
        return str(self.client.submit(self._spec).id)

    def send(self, id: str, first: int, last: int) -> None:
        """Send epochs of its run."""
        history = measured(self._spec, 0, first, last - first + 1)
        history.series["gradients"][:] = abs(history.series["gradients"])
        metrics = dict(zip(history.layout.metrics, history.metrics.T, strict=True))
        self.client.send(id, 0, from_epoch=first, metrics=metrics, series=history.series)


@pytest.fixture
def served(migrated_file: Path, tmp_path: Path) -> Iterator[Served]:
    """A service on an empty database; the test starts it."""
    shutil.copy(migrated_file, tmp_path / "gradlab.db")
    made = Served(tmp_path)
    yield made
    made.stop()
    made.client.close()


@pytest.fixture
def someone(browser: Browser, served: Served) -> Iterator[Reader]:
    """Somebody in a browser; at the end it has complained of nothing that was not forgiven."""
    reader = Reader(browser, served.url)
    reader.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield reader
    reader.close()
    assert reader.complaints == []
    assert reader.foreign == []


def enter(page: Page, key: str) -> None:
    """Enter a key into the form."""
    page.fill("#key", key)
    page.keyboard.press("Enter")


def test_the_key_is_asked_for_sent_in_headers_alone_and_asked_for_again_when_it_has_changed(served, someone):
    served.start("schlüssel")
    it = served.submit("guarded")
    served.send(it, 1, 10)
    page, asked = someone.page, []
    page.on("request", lambda request: asked.append(request.url))
    someone.forgive("status of 401", "/facts", *AWAY)  # no facts were sent
    page.goto(f"{served.url}/#/experiment/{it}")
    expect(page.locator("h1:visible")).to_have_text("This service has a key")
    expect(page.locator("#key-page")).to_contain_text("GRADLAB_API_KEY")
    expect(page.locator("#key")).to_be_focused()
    assert someone.barriers() == []
    enter(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("This is not the service's key")
    assert someone.barriers() == []

    enter(page, "schlüssel")
    expect(page.locator(EPOCHS_DONE)).to_have_text(f"10 / {EPOCHS}")
    expect(page.locator("#connection")).to_have_text("live")
    served.send(it, 11, 20)
    expect(page.locator(EPOCHS_DONE)).to_have_text(f"20 / {EPOCHS}")
    for place, label, name, content in (
        ("#curve-loss", "CSV", f"{it}-history.csv", b"seed,"),
        ("#curve-loss", "SVG", f"{it}-history.svg", b"<svg"),
        ("#whole-files", "Parquet", f"{it}-series.parquet", b"PAR1"),
    ):
        with page.expect_download() as saved:
            page.locator(f"{place} .files button", has_text=label).click()
        assert saved.value.suggested_filename == name
        assert content in Path(saved.value.path()).read_bytes()[:2000]

    page.evaluate("() => { window.scrollTo(0, 300); document.querySelector('#page').dataset.same = 'yes'; }")
    served.stop()
    served.start("another")
    expect(page.get_by_role("alert")).to_contain_text("does not take the key of this tab any more")
    enter(page, "another")
    expect(page.locator("#page[data-same='yes']")).to_be_visible()
    assert page.evaluate("() => window.scrollY") == 300
    served.send(it, 21, EPOCHS)
    expect(page.locator(EPOCHS_DONE)).to_have_text(f"{EPOCHS} / {EPOCHS}")

    page.goto(f"{served.url}/docs")
    # Read as 3.1, the description keeps the page busy for most of a minute once an operation is opened.
    expect(page.locator(".info")).to_contain_text("OAS 3.0")
    page.click("#operations-catalogue-get_catalogue .opblock-summary-control")
    page.click("text=Try it out")
    page.click("text=Execute")
    expect(page.locator(".live-responses-table tbody .response-col_status")).to_contain_text("200")
    page.goto(f"{served.url}/#/new")
    page.click("#forget-key")
    expect(page.locator("h1:visible")).to_have_text("This service has a key")
    expect(page.locator("#forget-key")).to_be_hidden()
    assert page.url == f"{served.url}/#/new"
    assert page.evaluate("() => [sessionStorage.length, localStorage.length, document.cookie]") == [0, 0, ""]
    assert not any(word in url for url in asked for word in ("schl", "another", "wrong"))


def test_an_empty_dashboard_offers_networks_and_lines_and_shows_what_arrives(served, someone):
    served.start()
    page = someone.go("")
    expect(page.locator("#start")).to_be_visible()
    expect(page.locator("table")).to_be_hidden()
    assert someone.barriers() == []
    page.click("#start button:has-text('Copy')")
    expect(page.locator("#start button:has-text('Copied')")).to_be_visible()
    lines = page.evaluate("() => navigator.clipboard.readText()")
    assert lines == page.inner_text("#watch-lines")
    assert f'to="{served.url}"' in lines
    for framework in ("Keras", "PyTorch"):
        page.click(f"#start button:has-text('{framework}')")
        can_be_called(page.inner_text("#watch-lines"))

    it = served.submit("watched")
    row = page.locator(f"tr[data-id='{it}']")
    expect(row).to_contain_text("watched")
    expect(page.locator("#start")).to_be_hidden()
    served.send(it, 1, 10)
    expect(row.locator("td.progress")).to_contain_text("10")
    # Its line has been read: nothing of it is read any more.
    expect(row.locator("td.trend")).to_contain_text(re.compile("training|validation"))
    served.client.delete(it)
    page.click("[data-train='tutorial-2-deep-tanh']")
    expect(page.locator("#page h1")).to_have_text("five hidden tanh layers")
    spec = json.loads(served.client.get(page.url.rpartition("/")[2]).spec.canonical())
    example = json.loads((ROOT / "examples" / "tutorial-2-deep-tanh.json").read_text())
    assert spec["seeds"] == [0, 1, 2, 3, 4]
    assert (spec["name"], spec["training"]["epochs"]) == (example["name"], example["training"]["epochs"])


def can_be_called(lines: str) -> None:
    """Check that a script's lines import a Watch that takes what they give it."""
    (imported,), (made,) = (
        [node for node in ast.walk(ast.parse(lines)) if isinstance(node, kind)] for kind in (ast.ImportFrom, ast.Call)
    )
    source = ROOT / "gradlab" / "src" / Path(*imported.module.split(".")) / "watch.py"
    (constructor,) = [
        each
        for watch in ast.parse(source.read_text()).body
        if isinstance(watch, ast.ClassDef) and watch.name == "Watch"
        for each in watch.body
        if isinstance(each, ast.FunctionDef) and each.name == "__init__"
    ]
    taken = {each.arg for each in constructor.args.args + constructor.args.kwonlyargs}
    assert {each.arg for each in made.keywords} <= taken
