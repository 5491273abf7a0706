"""Times of the dashboard's heaviest pages, in a real Chromium.

    python -m bench.dashboard

The page of an experiment with 50 layers, 2,000 epochs and 8 seeds: the time from the navigation to the heat map on the
screen, and the time between two frames while the page is scrolled from top to bottom. The list of 5,000 experiments:
the latency of a page of it, and the time until its first rows are on the screen. The page of a study of 10,000 cells:
the time from the navigation to its map and its table on the screen, in a browser that was just opened, and after that;
and the time until the service has drawn its chart. The browser looks in every frame.
"""

import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import httpx2
import numpy as np
from playwright.sync_api import Browser

from bench.gradients import report, served
from bench.processes import conditions
from core.store import ExperimentStore
from core.store.migrate import upgrade
from gradlab.measurement.history import Chunk, History, RunChunk
from gradlab.schemas.status import Status, StudyStatus
from gradlab.spec import ExperimentSpec
from gradlab.spec.study import StudySpec
from gradlab.spec.study.grid import grid
from tests.browser.pages import Reader, chromium
from tests.builders import a_group, a_spec
from tests.large_study import SIDE, a_large_study, end_waiting_cells

LAYERS, EPOCHS, SEEDS, EXPERIMENTS = 50, 2000, 8, 5000
EPOCHS_PER_CHUNK = 100
TIMES = 5
# A canvas has these numbers of pixels before it is drawn.
SHOWN = """(selectors) => selectors.every((selector) => {
    const found = [...document.querySelectorAll(selector)].find((each) => each.getClientRects().length);
    return found && !(found.localName === "canvas" && found.width === 300 && found.height === 150);
})"""
MAP, TABLE, CHART = "#map", "#table tbody tr", "#pictures canvas"
SCROLL = """() => new Promise((resolve) => {
    const gaps = [], begun = performance.now();
    let before = begun;
    const step = (now) => {
        gaps.push(now - before);
        before = now;
        window.scrollBy(0, 40);
        if (now - begun < 2000) requestAnimationFrame(step); else resolve(gaps.slice(1));
    };
    requestAnimationFrame(step);
})"""


def main() -> None:
    """Print the times."""
    with conditions(), tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/lab.db"
        upgrade(url)
        store = ExperimentStore(url, lease=timedelta(hours=1), max_attempts=3)
        large, study = trained(store), studied(store)
        for number in range(EXPERIMENTS - 1):
            store.add(a_spec(name=f"experiment {number}", seeds=(0, 1)))
        store.close()
        with served(url, Path(folder)) as address:
            listing(address)
            with chromium() as browser:
                reader = Reader(browser, address)
                first_rows(reader)
                opening(reader, large)
                reader.close()
                opening_study(browser, address, study)


def trained(store: ExperimentStore) -> UUID:
    """Store an experiment of that size; its gradients decrease towards the input, with noise for each seed."""
    spec = a_spec(name="large", layers=LAYERS, units=8, epochs=EPOCHS, seeds=range(SEEDS))
    experiment, _ = store.add(spec)
    claim = store.claim(experiment.id, worker="bench")
    assert claim
    random = np.random.default_rng(1)
    for first in [0, *range(1, EPOCHS + 1, EPOCHS_PER_CHUNK)]:
        count = EPOCHS_PER_CHUNK if first else 1
        store.append(claim, _chunk(spec, first, count, random))
    store.finish(claim, Status.completed)
    return experiment.id


def studied(store: ExperimentStore) -> UUID:
    """Store a study of that size, which has ended."""
    spec = StudySpec.model_validate(a_large_study())
    record, _ = store.studies.add(spec, list(grid(spec.axes)))
    end_waiting_cells(store)
    store.studies.finish(record, StudyStatus.completed, "all cells")
    return record.id


def _chunk(spec: ExperimentSpec, first: int, count: int, random: np.random.Generator) -> Chunk:
    last = first + count - 1
    runs = [RunChunk(seed, _history(spec, first, count, random), last == EPOCHS) for seed in spec.seeds]
    return a_group(spec.seeds, *runs)


def _history(spec: ExperimentSpec, first: int, count: int, random: np.random.Generator) -> History:
    layout = spec.layout
    series = {}
    for each in layout.series:
        epochs = len(each.recorded(first, first + count - 1))
        depth = np.linspace(-6, 0, each.shape[0])[:, None]
        series[each.kind] = (10 ** (depth + 0.3 * random.standard_normal((epochs, *each.shape)))).astype(np.float32)
    return History(layout, first, random.random((count, len(layout.metrics)), np.float32), series)


def listing(address: str) -> None:
    """Print the latencies of pages of the list."""
    with httpx2.Client(base_url=address) as http:
        report("list of 5,000, first page", http, "/experiments", {})
        report("list of 5,000, found by name", http, "/experiments?search=experiment%204", {})
        report("list of 5,000, nothing found", http, "/experiments?search=nowhere", {})


def first_rows(reader: Reader) -> None:
    """Print the time from the navigation to the rows."""
    seconds = [_until(reader, "", ["tbody tr[data-id]"]) for _ in range(TIMES)]
    _print("list on the screen", seconds)


def opening(reader: Reader, id: UUID) -> None:
    """Print the time from the navigation to the heat map, and the time between frames while scrolling."""
    seconds = [_until(reader, f"experiment/{id}", ["#heatmap canvas.cells"]) for _ in range(TIMES)]
    _print(f"page of {LAYERS} layers × {EPOCHS} epochs × {SEEDS} seeds", seconds)
    gaps = reader.page.evaluate(SCROLL)
    p95 = quantiles(gaps, n=20)[-1]
    print(f"between two frames while scrolling: median {median(gaps):.0f} ms, p95 {p95:.0f} ms", flush=True)


def opening_study(browser: Browser, address: str, id: UUID) -> None:
    """Print the time from navigation to map and table, with an empty cache and a full one, and to the chart.

    The chart is waited for: else the service would draw it during the next opening.
    """
    times: dict[str, list[float]] = {"first": [], "chart": [], "again": []}
    for _ in range(TIMES):
        reader = Reader(browser, address)
        times["first"].append(_until(reader, f"study/{id}", [MAP, TABLE]))
        begun = time.perf_counter()
        _wait(reader, [CHART])
        times["chart"].append(times["first"][-1] + time.perf_counter() - begun)
        times["again"].append(_until(reader, f"study/{id}", [MAP, TABLE]))
        _wait(reader, [CHART])
        reader.close()
    for what, seconds in times.items():
        _print(f"page of a study of {SIDE**2:,} cells, {what}", seconds)


def _until(reader: Reader, path: str, ready: Sequence[str]) -> float:
    reader.page.goto("about:blank")
    begun = time.perf_counter()
    reader.page.goto(f"{reader.url}/#/{path}", wait_until="commit")
    _wait(reader, ready)
    return time.perf_counter() - begun


def _wait(reader: Reader, ready: Sequence[str]) -> None:
    """Wait until all are on the screen. Looked for in each frame: `wait_for_selector` looks twice a second at last."""
    reader.page.wait_for_function(SHOWN, arg=list(ready))


def _print(what: str, seconds: list[float]) -> None:
    print(f"{what}: median {median(seconds):.2f} s, {min(seconds):.2f} to {max(seconds):.2f} s", flush=True)


if __name__ == "__main__":
    main()
