"""A report in a real browser, opened from its file with the network cut."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from gradlab.diagnosis import ExternalRun, diagnose
from gradlab.facts import Facts
from gradlab.facts.model import Features, Inputs
from gradlab.measurement.plane import plane_around
from gradlab.report import framed, report_of, save
from gradlab.spec.external import ExternalLoss
from tests.browser.pages import NARROW, Reader
from tests.builders import an_external_spec, measured

LAYERS, EPOCHS = 5, 12
VERDICT = "at risk"  # the loss does not say how well it can become, and gradients grow towards the input
FACTS = Facts(
    train_count=4000,
    inputs=Inputs(
        features=3, rms=1, largest_rms=1, mean=(0, 0, 2), std=(1, 1, 0),
        constant=Features(count=1, numbers=(2,), names=("age",)),
    ),
)  # fmt: skip
HOSTILE = "</script><script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two runs whose gradients grow towards the input."""
    spec = an_external_spec(layers=LAYERS, epochs=EPOCHS, seeds=(0, 1), name=HOSTILE)
    layers = (spec.layers[0].model_copy(update={"name": HOSTILE}), *spec.layers[1:])
    spec = spec.model_copy(update={"layers": layers})
    runs = []
    for seed in spec.seeds:
        history = measured(spec, seed, 0, EPOCHS + 1)
        history.metrics[:] = 0.5 + 0.1 * np.abs(history.metrics)
        values = history.series["gradients"]
        values[:] = np.abs(values) * np.float32(10.0) ** -np.arange(values.shape[1], dtype=np.float32)[:, None]
        values[:, :, spec.layout["gradients"].columns.index("nonfinite")] = 0
        runs.append(ExternalRun(spec, seed, history, facts=FACTS))
    page, _ = save(report_of(spec, runs, diagnose(spec, runs)), tmp_path_factory.mktemp("report") / "report.html")
    return page


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Any]:
    """Opens the report without a network; at the end nobody has complained, and nothing was asked for."""
    readers: list[Reader] = []

    def open_one(address: str = report.as_uri(), **context: Any) -> Page:
        reader = Reader(browser, "", offline=True, **context)
        readers.append(reader)
        reader.page.goto(address)
        return reader.page

    yield open_one
    for each in readers:
        each.close()
    assert [complaint for each in readers for complaint in each.complaints] == []
    assert [url for each in readers for url in each.foreign] == []


def test_verdict_and_root_cause_stand_first_then_map_curves_and_evidence(opened):
    page = opened()
    expect(page.locator("#verdict")).to_have_text(VERDICT)
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.locator("#root-cause")).to_contain_text("Root cause:")
    expect(page.locator(".verdict-line .behind")).to_contain_text("(")  # the rule
    expect(page.locator(".chain li").first).to_contain_text("root cause")
    expect(page.locator(".chain details[open] p").first).to_be_visible()
    expect(page.locator(".u-wrap canvas").first).to_be_visible()
    expect(page.locator(".heat .names button")).to_have_count(LAYERS)
    tops = [
        page.locator(selector).first.bounding_box()["y"]
        for selector in ("#verdict", "#root-cause", "#heatmap", "#curve-loss", ".chain", ".evidence")
    ]
    assert tops == sorted(tops)
    assert "taken" not in page.title().split("</script>")[0]


def test_the_data_are_described_and_a_feature_that_stands_out_is_named(opened):
    data = opened().locator("#data")
    expect(data).to_contain_text("4,000")
    expect(data.locator(".findings")).to_have_text("1 feature with one value only: age")


def test_the_map_is_drawn_and_a_layer_is_opened_from_it(opened):
    page = opened()
    canvas = page.locator("#heatmap canvas.cells")
    expect(canvas).to_be_visible()
    colours = canvas.evaluate(
        "(canvas) => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
    )
    assert colours > 10
    page.locator(".heat .names button", has_text="dense_2").click()
    expect(page.locator("#layer h2").first).to_have_text("dense_2")
    expect(page.locator("#layer .u-wrap canvas")).to_have_count(1)
    page.select_option("#statistic", "max_abs")
    expect(page.locator("#heatmap h2")).to_have_text("Gradients: max abs, layer by epoch")


@pytest.mark.parametrize("context", [{"color_scheme": "dark"}, {"viewport": NARROW}], ids=["dark", "narrow"])
def test_it_follows_the_readers_theme_and_fits_the_readers_screen(opened, context):
    page = opened(**context)
    expect(page.locator("#verdict")).to_be_visible()
    width = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0
    assert page.evaluate("() => document.documentElement.dataset.theme") == (
        "dark" if "color_scheme" in context else "light"
    )


def test_records_of_steps_are_called_so(opened, tmp_path: Path):
    spec = an_external_spec(layers=2, epochs=6, axis="step", every_steps=50)
    history = measured(spec, 0, 0, 7)
    history.metrics[:] = np.abs(history.metrics)
    history.series["gradients"][:] = np.abs(history.series["gradients"])
    spec = spec.model_copy(update={"loss": ExternalLoss(kind="binary_crossentropy")})
    runs = [ExternalRun(spec, 0, history)]
    plane = plane_around(np.array([[-1, -1], [1, 1]]), lambda points: points[:, 0] > 0)
    report = report_of(spec, runs, diagnose(spec, runs), planes={0: plane})
    page = opened(save(report, tmp_path / "steps.html")[0].as_uri())
    expect(page.locator("#boundary .about")).to_contain_text("step 300, the nearest of 1 that are recorded")
    expect(page.locator("#boundary .about")).to_contain_text("no sample is shown")
    expect(page.locator("#boundary canvas.cells")).to_be_visible()
    expect(page.locator(".epoch output")).to_have_text("step 300")
    expect(page.locator(".heat .axis span").first).to_have_text("step 50")
    expect(page.locator("#heatmap h2")).to_contain_text("layer by step")
    expect(page.locator(".facts dt").first).to_have_text("steps")


def test_nobody_is_kept_from_reading_it(browser: Browser, report: Path):
    reader = Reader(browser, "", offline=True)
    reader.page.goto(report.as_uri())
    expect(reader.page.locator(".evidence li").first).to_be_visible()
    assert reader.barriers() == []
    reader.close()


def test_it_is_shown_in_a_notebooks_frame_and_can_read_nothing_of_it(opened, report: Path, tmp_path: Path):
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><title>notebook</title>{framed(report.read_text())}")
    frame = opened(notebook.as_uri()).frame_locator("iframe")
    expect(frame.locator("#verdict")).to_have_text(VERDICT)
    frame.locator("#theme").click()  # nothing is kept in a sandbox, and nothing breaks
    expect(frame.locator("#theme")).to_have_text("○ light")
