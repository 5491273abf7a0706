"""`gradlab doctor` from two files to a proved cure, whose program is then run in plain Keras."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pyarrow import csv, parquet

from bench.doctored import DOCTORED, Doctored
from bench.doctored_arrays import ARRAYS
from gradlab.cli.exits import Exit
from tests.campaigns import one_in
from tests.cases.files import LABELS_DIVIDED, REPORTED
from tests.services import Service
from tests.unit.translate.keras_texts import a_dense, a_sequential, an_input, text_of

SEED = 7
PAIRS = (*DOCTORED, *ARRAYS, *REPORTED)


@pytest.fixture(params=one_in(len(PAIRS), PAIRS, ids=lambda each: each.name))
def doctored(request: pytest.FixtureRequest) -> Doctored:
    """A network that does not learn; all but the tutorial's are for the campaign."""
    return request.param  # type: ignore[no-any-return]


def arrays_in(file: Path, spec: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets as a script has them that reads the file."""
    if file.suffix == ".npz":
        with np.load(file) as archive:
            return archive["x"], archive["y" if "y" in archive else "x"]
    table = csv.read_csv(file) if file.suffix == ".csv" else parquet.read_table(file)
    columns = {name: np.asarray(table[name]) for name in table.column_names}
    x = np.stack([columns[name] for name in spec["dataset"]["features"]], axis=1)
    y = columns[spec["dataset"]["target"]]
    if window := spec["dataset"]["window"]:
        steps, ahead = window["steps"], window["horizon"]
        begins = range(len(x) - steps - ahead)
        return np.stack([x[i : i + steps] for i in begins]), np.array([y[i + steps + ahead - 1] for i in begins])
    return x, y


class StopsOnceCured(keras.callbacks.Callback):
    """Ends a fit as soon as it shows that it is cured, which takes a part of its epochs.

    Args:
        cured: the accuracy or R² above which it is.
    """

    def __init__(self, cured: float) -> None:
        super().__init__()
        self._cured = cured

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        shown = [logs[name] for name in ("val_r2_score", "val_accuracy") if name in logs]
        self.model.stop_training = any(score > self._cured for score in shown)


def ran(program: Path, data: Path, spec: dict[str, Any], cured: float) -> dict[str, Any]:
    """Run a program of the doctor on the arrays of a file until it is cured, and return its variables."""
    x, y = arrays_in(data, spec)
    window, train = spec["dataset"]["window"], int(0.8 * len(x))
    # Windows overlap: those of later rows validate, and none shares a row with the training part.
    order = np.arange(len(x)) if window else np.random.default_rng(SEED).permutation(len(x))
    x, y = x[order].astype(np.float32), y[order]
    end = train - window["steps"] if window else train
    keras.utils.set_random_seed(SEED)
    names: dict[str, Any] = {"x": x[:end], "y": y[:end], "x_val": x[train:], "y_val": y[train:]}
    names["stops"] = StopsOnceCured(cured)
    code = (
        program.read_text()
        .replace("model.fit(\n", "history = model.fit(\n    verbose=0,\n    callbacks=[stops],\n    x=")
        .replace("x=    x,\n    y,", "x=x,\n    y=y,")
    )
    exec(compile(code, program, "exec"), names)  # the program is this service's own
    return names


def learnt(names: dict[str, Any], spec: dict[str, Any]) -> float:
    """R² of the trained model for values, else its accuracy, on validation samples."""
    if spec["dataset"]["task"] not in ("values", "inputs"):
        return float(names["history"].history["val_accuracy"][-1])
    y = names["y_val"].reshape(len(names["y_val"]), -1)
    return float(1 - ((y - names["model"].predict(names["x_val"], verbose=0)) ** 2).mean() / y.var(axis=0).mean())


@pytest.mark.timeout(900)  # a thousand epochs of plain Keras take minutes
def test_two_files_end_with_a_proved_cure_that_cures_in_plain_keras(
    service: Service, doctored: Doctored, tmp_path: Path
):
    model, program = tmp_path / "model.keras", tmp_path / "cured.py"
    doctored.model(model)
    data = doctored.data(tmp_path)
    more = ("--epochs", str(doctored.epochs), "--save", program, "--json")
    done = service.gradlab("doctor", model, "--data", data, *doctored.arguments, *more)
    assert done.returncode == Exit.CURED, done.stderr or done.stdout
    answer = json.loads(done.stdout)
    assert answer["diagnosis"]["root_cause"] in doctored.root_causes
    assert answer["triage"]["root_cause"] in (*doctored.root_causes, None)
    treatment = answer["treatment"]
    cure = treatment["trials"][treatment["recommended"]]
    assert cure["judgement"]["ill"]["count"] == 0
    assert cure["judgement"]["p_adjusted"] < 0.05
    spec = treatment["recommended_spec"]
    assert learnt(ran(program, data, spec, doctored.cured), spec) > doctored.cured


@pytest.mark.campaign
def test_labels_that_the_loss_would_cut_off_are_told_and_numbered_anew(service: Service, tmp_path: Path):
    model, program = tmp_path / "model.keras", tmp_path / "numbered.py"
    LABELS_DIVIDED.model(model)
    data = LABELS_DIVIDED.data(tmp_path)
    more = ("--epochs", str(LABELS_DIVIDED.epochs), "--save", program)
    done = service.gradlab("doctor", model, "--data", data, *more, "--json")
    assert done.returncode == Exit.AT_RISK, done.stderr or done.stdout
    answer = json.loads(done.stdout)
    assert answer["diagnosis"]["root_cause"] in LABELS_DIVIDED.root_causes
    assert answer["triage"]["root_cause"] in LABELS_DIVIDED.root_causes
    assert {each["outcome"] for each in answer["diagnosis"]["outcomes"]} == {"learns"}
    spec = answer["draft"]["spec"]
    assert learnt(ran(program, data, spec, LABELS_DIVIDED.cured), spec) > LABELS_DIVIDED.cured


def test_bad_files_are_refused_in_one_line(service: Service, tmp_path: Path):
    data = tmp_path / "points.csv"
    data.write_text("x,label\n" + "".join(f"{i / 7},{i % 2}\n" for i in range(40)))
    model = tmp_path / "model.json"
    model.write_text(text_of(a_sequential(an_input(3), a_dense(1, "out", activation="sigmoid"))))
    done = service.gradlab("doctor", model, "--data", data)
    assert done.returncode == Exit.INVALID
    assert "features: expected columns that make 3 inputs" in " ".join(done.stderr.split())
    done = service.gradlab("doctor", model, "--data", tmp_path / "nowhere.csv")
    assert done.returncode == Exit.INVALID
    assert "nowhere.csv: expected a file with samples" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
