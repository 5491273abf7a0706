"""Exports of what a real worker has trained: the example notebook, a network in plain Keras, the command line."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from api.export.network import keras_file
from api.http.outflow import zipped
from core.use_cases import experiments
from gradlab.schemas.status import Status
from gradlab.vocabulary.datasets import Dataset
from tests.builders import a_spec
from tests.services import PATIENCE, Service
from tests.workers import Lab

EXAMPLES = Path(__file__).parents[2] / "examples"
# Runs a notebook's cells one after another and prints what a notebook would show of each last line.
RUN_CELLS = """
import ast, json, sys
names = {}
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] != "code":
        continue
    *lines, last = ast.parse("".join(cell["source"])).body
    exec(compile(ast.Module(lines, []), "cell", "exec"), names)
    if isinstance(last, ast.Expr):
        shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        print(shown._repr_html_() if hasattr(shown, "_repr_html_") else shown)
    else:
        exec(compile(ast.Module([last], []), "cell", "exec"), names)
"""


@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_an_example_notebook_runs_and_shows_what_it_says(service: Service, notebook: Path):
    environment = service.environment | {"MPLBACKEND": "Agg", "PYTHONPATH": str(EXAMPLES.parent)}
    command = [sys.executable, "-c", RUN_CELLS, str(notebook)]
    done = subprocess.run(command, cwd=EXAMPLES, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE)
    assert done.returncode == 0, done.stderr
    for shown in ("141 parameters", "completed, 2000 of 2000 epochs", "val_accuracy", "dense_6", "may help"):
        assert shown in done.stdout


def loss_and_accuracy(file: Path, samples: Dataset) -> list[float]:
    """The loss and metrics that plain Keras computes on the validation samples with a network's file."""
    y = samples.val_y.reshape(-1, 1)
    predicted = np.asarray(keras.models.load_model(file)(samples.val_x, training=False))
    return [float(keras.losses.BinaryCrossentropy()(y, predicted)), float(np.mean((predicted > 0.5) == y))]


@pytest.mark.campaign  # of an embedded service it is asked below
@pytest.mark.parametrize("lab", ["deployed", "embedded"], indirect=True)
@pytest.mark.parametrize("epoch", [None, 0])
def test_a_trained_network_says_in_plain_keras_what_the_worker_measured(lab: Lab, tmp_path: Path, epoch: int | None):
    spec = a_spec(epochs=12, seeds=(0, 5))
    lab.start_worker()
    submitted, _ = experiments.submit(spec, store=lab.store, queue=lab.queue, settings=lab.settings)
    lab.wait_for(submitted.id, Status.completed)
    form, snapshot = lab.store.network(submitted.id, 5, epoch=epoch)
    file, now = tmp_path / "network.keras", datetime.now(UTC)
    file.write_bytes(b"".join(zipped(keras_file(form, snapshot, now), at=now, compressed=False)))
    measured = lab.store.metrics(submitted.id, seeds=[5])[5].values[snapshot.epoch]
    names = spec.layout.metrics
    expected = [measured[names.index(name)] for name in ("val_loss", "val_accuracy")]
    assert loss_and_accuracy(file, spec.dataset.load()) == pytest.approx(expected, rel=1e-5)


def test_everything_is_exported_from_the_command_line(service: Service, tmp_path: Path):
    spec = a_spec(epochs=12, seeds=(0, 5))
    trained = service.client.wait(service.client.submit(spec).id).id
    files = {name: tmp_path / f"all.{name}" for name in ("parquet", "npz")}
    asked = [each for name, file in files.items() for each in (f"--{name}", file)]
    asked += ["--tensorboard", tmp_path / "logs", "--model", tmp_path / "network.keras", "--seed", "5"]
    done = service.gradlab("export", str(trained), *asked)
    assert done.returncode == 0, done.stderr
    frame = pd.read_parquet(files["parquet"])
    sizes = frame[(frame["statistic"] == "mean_abs") & (frame["layer"] == "dense_2") & (frame["seed"] == 5)]
    sizes = sizes[(sizes["parameter"] == "kernel") & (sizes["epoch"] > 0)]["value"].to_numpy()
    served = service.client.gradients(trained, seed=5, layer="dense_2")["values"]
    assert sizes.tobytes() == served.tobytes()
    with np.load(files["npz"], allow_pickle=False) as archive:
        history = service.client.history(trained, from_epoch=0)
        assert archive["metrics_1"].tobytes() == history["values"][1].tobytes()
    assert len(list((tmp_path / "logs").glob("*/seed_*/events.out.tfevents.*"))) == 2
    names = history["metrics"].tolist()
    expected = [history["values"][1, -1, names.index(name)] for name in ("val_loss", "val_accuracy")]
    assert loss_and_accuracy(tmp_path / "network.keras", spec.dataset.load()) == pytest.approx(expected, rel=1e-5)
