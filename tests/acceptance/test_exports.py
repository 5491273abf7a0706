"""Exports of what a real worker has trained: the example notebook, a network in plain Keras, the command line."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.export.network import keras_file
from api.http.outflow import zipped
from core.use_cases import experiments
from gradlab.schemas.status import Status
from tests.acceptance.conftest import PATIENCE, Service
from tests.builders import a_spec
from tests.campaigns import one_in
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
EVALUATE = """
import json, os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras, numpy as np
given = json.load(sys.stdin)
x, y = np.array(given["x"], np.float32), np.array(given["y"], np.float32)
said = keras.models.load_model(sys.argv[1]).predict(x, verbose=0)
print(json.dumps([float(keras.losses.BinaryCrossentropy()(y, said)), float(np.mean((said > 0.5) == y))]))
"""


@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_an_example_notebook_runs_and_shows_what_it_says(service: Service, notebook: Path):
    environment = service.environment | {"MPLBACKEND": "Agg", "PYTHONPATH": str(EXAMPLES.parent)}
    command = [sys.executable, "-c", RUN_CELLS, str(notebook)]
    done = subprocess.run(command, cwd=EXAMPLES, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE)
    assert done.returncode == 0, done.stderr
    for shown in ("141 parameters", "completed, 2000 of 2000 epochs", "val_accuracy", "dense_6", "may help"):
        assert shown in done.stdout


@pytest.mark.parametrize(
    ("lab", "epoch"),
    one_in(4, [("deployed", None), ("deployed", 0), ("embedded", 0), ("embedded", None)]),
    indirect=["lab"],
)
def test_a_trained_network_says_in_plain_keras_what_the_worker_measured(lab: Lab, tmp_path: Path, epoch: int | None):
    spec = a_spec(epochs=12, seeds=(0, 5))
    lab.start_worker()
    submitted, _ = experiments.submit(spec, store=lab.store, queue=lab.queue, settings=lab.settings)
    lab.wait_for(submitted.id, Status.completed)
    form, snapshot = lab.store.network(submitted.id, 5, epoch=epoch)
    file, now = tmp_path / "network.keras", datetime.now(UTC)
    file.write_bytes(b"".join(zipped(keras_file(form, snapshot, now), at=now, compressed=False)))
    samples = spec.dataset.load()
    given = json.dumps({"x": samples.val_x.tolist(), "y": samples.val_y.reshape(-1, 1).tolist()})
    done = subprocess.run(
        [sys.executable, "-c", EVALUATE, file], input=given, cwd="/", capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    measured = lab.store.metrics(submitted.id, seeds=[5])[5].values[snapshot.epoch]
    names = spec.layout.metrics
    expected = [measured[names.index(name)] for name in ("val_loss", "val_accuracy")]
    assert json.loads(done.stdout.splitlines()[-1]) == pytest.approx(expected, rel=1e-5)


def test_everything_is_exported_from_the_command_line(service: Service, tmp_path: Path):
    trained = service.client.wait(service.client.submit(a_spec(epochs=12, seeds=(0, 5))).id).id
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
        whole = service.client.history(trained, from_epoch=0)["values"]
        assert archive["metrics_1"].tobytes() == whole[1].tobytes()
    assert len(list((tmp_path / "logs").glob("*/seed_*/events.out.tfevents.*"))) == 2
    assert (tmp_path / "network.keras").read_bytes()[:2] == b"PK"
