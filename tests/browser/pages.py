"""A headless Chromium that notices what goes wrong, and the dashboard's pages as a reader uses them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from gradlab.spec import ExperimentSpec
from tests import programs
from tests.builders import a_spec

AXE = Path(__file__).with_name("axe.min.js")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Long enough for a worker that compiles while others use the machine, in milliseconds.
PATIENCE = 120_000
# What it writes to its console of a service that is away, and of a spec that is refused.
AWAY = ("ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE")
REFUSED = "status of 422"
UNANSWERED = "The service does not answer."


def endless(**more: Any) -> ExperimentSpec:
    """A training that outlasts any test."""
    samples = {"kind": "circles", "samples": 8192, "noise": 0.1, "train_size": 4096}
    training = a_spec().training.model_dump(mode="json") | {"epochs": 50_000}
    return a_spec(**{"dataset": samples, "training": training} | more)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    executable = programs.chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Reader:
    """Somebody who reads the dashboard, and remembers what the browser complained of.

    Args:
        browser: in which.
        url: of the service.
        context: viewport, colour scheme ...
    """

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:
        self.url = url
        self._context = browser.new_context(**{"viewport": WIDE, **context})
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self._heard: list[str] = []
        self._forgiven: tuple[str, ...] = ()
        self.foreign: list[str] = []
        self.page.on("console", lambda said: self._complain(said) if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self._heard.append(str(error)))
        self.page.on("request", lambda request: self._asked_for(request.url))

    def _complain(self, said: ConsoleMessage) -> None:
        self._heard.append(f"{said.text} ({said.location.get('url')})")

    @property
    def complaints(self) -> list[str]:
        """What the browser said of the page, without what is forgiven."""
        return [each for each in self._heard if not any(words in each for words in self._forgiven)]

    def _asked_for(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and f"{parts.scheme}://{parts.netloc}" != self.url:
            self.foreign.append(url)

    def close(self) -> None:
        """Leave, having seen nothing wrong."""
        self._context.close()

    def forgive(self, *known: str) -> None:
        """Pass over what a browser says of itself when a request fails that was meant to; it may say so later."""
        self._forgiven += known

    def go(self, path: str) -> Page:
        """Open a page, and wait until it is there."""
        self.page.goto(f"{self.url}/#/{path}")
        self.page.wait_for_selector("main h1")
        return self.page

    def colours(self, selector: str = "#heatmap canvas.cells") -> list[tuple[int, int, int]]:
        """The colours in the middle of each twentieth of a canvas, row by row from the top."""
        script = """(canvas) => {
            const copy = new OffscreenCanvas(canvas.width, canvas.height), found = [];
            const pen = copy.getContext("2d", { willReadFrequently: true });
            pen.drawImage(canvas, 0, 0);
            for (let y = 0; y < 20; y += 1) for (let x = 0; x < 20; x += 1) {
                const [px, py] = [(x + 0.5) * canvas.width / 20, (y + 0.5) * canvas.height / 20];
                found.push([...pen.getImageData(px, py, 1, 1).data].slice(0, 3));
            }
            return found;
        }"""
        return [tuple(each) for each in self.page.locator(selector).first.evaluate(script)]

    def spec(self) -> str:
        """The text of the spec in the editor, with the lines that are not on the screen."""
        self.page.wait_for_selector(".cm-content")
        script = """async () => {
            const { EditorView } = await import("/static/codemirror.js");
            const { shadowRoot } = document.querySelector(".spec");
            return EditorView.findFromDOM(shadowRoot.querySelector(".cm-editor")).state.doc.toString();
        }"""
        return str(self.page.evaluate(script))

    def barriers(self) -> list[str]:
        """What axe finds that keeps somebody from using the page, once no colour is on its way to another."""
        self.page.wait_for_function("() => document.getAnimations().every((each) => each.playState !== 'running')")
        # By the browser's own hand: the page's policy would not let a page load it.
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{each['id']}: {json.dumps([node['html'][:160] for node in each['nodes']])}"
            for each in found["violations"]
        ]
