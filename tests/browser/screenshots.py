"""Every page of the dashboard as a picture, light and dark, wide and narrow: `make screenshots`.

A real service trains what is shown. All pictures go to `screenshots/`; what the README shows goes to `docs/images/`:
some of them, and two of the figures that `gradlab demo` leaves behind.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from gradlab.recipes import recipe_named
from gradlab.spec import ExperimentSpec
from gradlab.spec.experiment import parse
from tests.browser.pages import NARROW, WIDE, Reader, chromium
from tests.builders import a_spec
from tests.services import Service

ROOT = Path(__file__).parents[2]
PICTURES, IN_README = ROOT / "screenshots", ROOT / "docs" / "images"
SHOWN = ("experiment-light-wide", "compare-light-wide", "list-dark-wide", "layer-dark-wide")
TUTORIAL = ("tutorial-2-deep-tanh", "tutorial-3-deep-relu")
SEEDS = (0, 1, 2, 3, 4)


def main() -> None:
    """Train, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    IN_README.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        compiled, guarded = Path(folder) / "compiled", Path(folder) / "guarded"
        compiled.mkdir()
        guarded.mkdir()
        with _started(Service(guarded, compiled, API_KEY="key")) as service:
            _take_all(browser, service, {"key": ("", "#key")})
        with _started(Service(Path(folder), compiled)) as service:
            _take_all(browser, service, {"start": ("", "#start")})
            trained = _trained(service)
            for name in TUTORIAL:
                figure = service.client.chart(trained[name], "gradients-heatmap")
                (IN_README / f"{name}-gradients-heatmap.svg").write_bytes(figure)
            (treatment,) = service.client.all_treatments()
            treated = f"treatment/{treatment.experiment_id}/{treatment.id}"
            _take_all(browser, service, _pages(trained, treated, f"study/{_studied(service)}"))
    for name in SHOWN:
        shutil.copy(PICTURES / f"{name}.png", IN_README / f"dashboard-{name}.png")


@contextmanager
def _started(service: Service) -> Iterator[Service]:
    service.start()
    try:
        yield service
    finally:
        service.remove()


def _take_all(browser: Browser, service: Service, pages: dict[str, tuple[str, str]]) -> None:
    for scheme in ("light", "dark"):
        for name, viewport in (("wide", WIDE), ("narrow", NARROW)):
            reader = Reader(browser, service.client.url, viewport=viewport, color_scheme=scheme)
            for page, (path, ready) in pages.items():
                _take(reader, path, ready, PICTURES / f"{page}-{scheme}-{name}.png")
            reader.close()


def _trained(service: Service) -> dict[str, str]:
    """The name of each spec -> the id of its experiment, the last one still in training."""
    specs = {
        name: parse((ROOT / "examples" / f"{name}.json").read_bytes()).model_copy(update={"seeds": SEEDS})
        for name in ("tutorial-2-deep-tanh", "tutorial-3-deep-relu", "tutorial-5-relu-20")
    }
    specs |= {"exploding": _exploding(specs["tutorial-5-relu-20"]), "recurrent": _recurrent()}
    ids = {name: service.client.submit(spec).id for name, spec in specs.items()}
    for each in ids.values():
        service.client.wait(each)
    service.client.wait_for_treatment(service.client.treat(ids["tutorial-2-deep-tanh"]))
    training = specs["tutorial-3-deep-relu"].training.model_copy(update={"epochs": 50_000})
    going = specs["tutorial-3-deep-relu"].model_copy(update={"training": training, "name": "relu, a long training"})
    return {name: str(each) for name, each in ids.items()} | {"going": str(service.client.submit(going).id)}


def _exploding(spec: ExperimentSpec) -> ExperimentSpec:
    fields = spec.model_dump(mode="json") | {"name": "twenty linear layers, rate 2"}
    fields["model"]["layers"][0] |= {
        "activation": "linear",
        "kernel_initializer": {"kind": "random_normal", "stddev": 0.6},
    }
    fields["training"]["optimizer"] |= {"learning_rate": 2.0}
    return ExperimentSpec.model_validate(fields)


def _recurrent() -> ExperimentSpec:
    steps = {"kind": "adding", "samples": 600, "length": 50, "train_size": 400, "seed": 1}
    loss = {"loss": "mean_squared_error", "optimizer": "adam", "epochs": 60, "batch_size": 32}
    network = {"layers": [{"kind": "simple_rnn", "units": 16}, {"kind": "dense", "units": 1}]}
    return a_spec(name="adding over 50 steps, simple RNN", seeds=(0, 1), dataset=steps, model=network, training=loss)


def _studied(service: Service) -> str:
    """The id of a study that has ended."""
    study = recipe_named("depth").study("tanh", seeds=len(SEEDS), epochs=200)
    begun = service.client.begin_study(study.model_dump(mode="json", exclude_unset=True))
    service.client.wait_for_study(begun.id)
    return str(begun.id)


def _pages(ids: dict[str, str], treatment: str, study: str) -> dict[str, tuple[str, str]]:
    tanh, relu = ids["tutorial-2-deep-tanh"], ids["tutorial-3-deep-relu"]
    return {
        "list": ("", "tbody tr[data-id]"),
        "experiment": (f"experiment/{tanh}", "#verdict"),
        "layer": (f"experiment/{relu}", "#verdict"),
        "dead": (f"experiment/{ids['tutorial-5-relu-20']}", "#verdict"),
        "exploding": (f"experiment/{ids['exploding']}", "#verdict"),
        "recurrent": (f"experiment/{ids['recurrent']}", "#verdict"),
        "compare": (f"compare/{tanh},{relu}", "#maps canvas.cells"),
        "treatment": (treatment, "#cure:visible"),
        "treatments": ("treatments", "tbody tr[data-id]"),
        "studies": ("studies", "tbody tr[data-id]"),
        "study": (study, "#pictures canvas:visible"),
        "new": ("new/tutorial-2-deep-tanh", "#triage [data-remedy]"),
    }


def _take(reader: Reader, path: str, ready: str, file: Path) -> None:
    page = reader.go(path)
    page.wait_for_selector(ready)
    if file.name.startswith("study-"):
        page.click("#map", position={"x": 20, "y": 20})
    if file.name.startswith("layer"):
        page.locator(".heat .names button").nth(2).click()
        page.wait_for_selector("#layer canvas")
    page.wait_for_timeout(800)  # sparklines and curves come after
    page.evaluate("() => window.scrollTo(0, 0)")
    page.screenshot(path=file, full_page=True)


if __name__ == "__main__":
    main()
