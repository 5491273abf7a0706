"""A `.keras` file is loaded by plain Keras in a process of its own, and predicts what the training measured."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from api.export.network import keras_file
from api.http.outflow import zipped
from core.training.architecture import architecture, variable_paths
from core.training.data import Data
from core.training.network import Network, flattened, initial_values
from core.training.train import train
from gradlab.errors import NotFound
from gradlab.measurement.history import Snapshot
from gradlab.spec import ModelSpec
from gradlab.spec.network import in_order, walk
from gradlab.vocabulary.initializers import INITIALIZERS
from tests.builders import a_spec
from tests.campaigns import one_in
from tests.integration.test_layers import CASES

NOW = datetime(2030, 1, 1, tzinfo=UTC)
# Nothing of this house is imported here. Each line names a file, its inputs, and where the predictions go.
PLAIN_KERAS = """
import json, os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np
for line in sys.stdin:
    model, inputs, predictions = json.loads(line)
    np.save(predictions, keras.models.load_model(model)(np.load(inputs), training=False))
    print("predicted", flush=True)
assert not {"core", "api", "worker"} & set(sys.modules)
"""
PARAMETERS = [
    {"kind": "relu", "negative_slope": 0.5, "max_value": 2.0, "threshold": 1.0},
    {"kind": "leaky_relu", "negative_slope": 0.7},
    {"kind": "elu", "alpha": 3.0},
]
SIMPLE = {"kind": "dense", "units": 4}
MORE = [
    ({"kind": "residual", "scale": 0.5, "layers": [SIMPLE, {"kind": "dropout", "rate": 0.5}]}, (4,)),
    *(({"kind": "dense", "units": 3, "activation": each}, (4,)) for each in PARAMETERS),
    *(({"kind": "activation", "activation": each}, (4,)) for each in PARAMETERS),
    *(({"kind": "lstm", "units": 3, "activation": each, "recurrent_activation": each}, (6, 2)) for each in PARAMETERS),
    ({"kind": "dense", "units": 3, "kernel_regularizer": {"kind": "l2", "l2": 0.1}}, (4,)),
    ({"kind": "dense", "units": 3, "kernel_constraint": "non_neg"}, (4,)),
    *(({"kind": "dense", "units": 4, "kernel_initializer": member().model_dump()}, (4,)) for member in INITIALIZERS),
]  # fmt: skip


def a_network(fields: dict, shape: tuple[int, ...]) -> tuple[SimpleNamespace, Network]:
    """One layer as a network, and what of a spec it needs."""
    model = ModelSpec.model_validate({"layers": [fields]})
    network = walk(model.layers, shape)
    ends = {"inputs": [SimpleNamespace(shape=shape)], "outputs": [SimpleNamespace(layer=network[-1])]}
    spec = SimpleNamespace(model=model, network=network, layers=tuple(in_order(network)), **ends)
    return spec, Network(spec, seed=3)


def saved(file: Path, form, snapshot: Snapshot) -> Path:
    file.write_bytes(b"".join(zipped(keras_file(form, snapshot, NOW), at=NOW, compressed=False)))
    return file


class PlainKeras:
    """A process with Keras and nothing of this project, for all tests of this file.

    Args:
        log: a file for what it says.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", PLAIN_KERAS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd="/",
                text=True,
            )

    def predictions(self, folder: Path, asked: list[tuple[Path, np.ndarray]]) -> list[np.ndarray]:
        """Its predictions with each file."""
        assert self._process.stdin
        assert self._process.stdout
        answers = []
        for number, (file, x) in enumerate(asked):
            inputs, predicted = folder / f"x{number}.npy", folder / f"y{number}.npy"
            np.save(inputs, x)
            print(json.dumps([str(file), str(inputs), str(predicted)]), file=self._process.stdin, flush=True)
            assert self._process.stdout.readline() == "predicted\n", self._log.read_text()
            answers.append(np.load(predicted))
        return answers

    def close(self) -> None:
        """End it; fail where something of this project was loaded with a file."""
        self._process.communicate()
        assert self._process.returncode == 0, self._log.read_text()


@pytest.fixture(scope="module")
def plain_keras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlainKeras]:
    made = PlainKeras(tmp_path_factory.mktemp("plain") / "log")
    yield made
    made.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("cases", [CASES, pytest.param(MORE, marks=pytest.mark.campaign)], ids=["kinds", "parameters"])
def test_every_layer_is_loaded_by_plain_keras_and_predicts_the_same(plain_keras, tmp_path, cases):
    random, asked, expected = np.random.default_rng(0), [], []
    for number, (fields, shape) in enumerate(cases):
        spec, network = a_network(fields, shape)
        for variable in network.variables:
            if variable.dtype == "float32":
                variable.assign(random.uniform(0.2, 1.0, variable.shape))
        values = tuple(variable.numpy() for variable in network.variables)
        form = architecture(spec, network.model, variable_paths(network))
        assert [variable.numpy().tobytes() for variable in network.variables] == [each.tobytes() for each in values]
        file = saved(tmp_path / f"{number}.keras", form, Snapshot(1, values))
        indices = {"embedding": "input_dim", "category_encoding": "num_tokens"}.get(fields["kind"])
        x = random.integers(0, fields[indices], (5, *shape)) if indices else random.standard_normal((5, *shape))
        asked.append((file, x.astype(np.float32)))
        expected.append(network.model(asked[-1][1], training=False).numpy())
    for case, found, wanted in zip(cases, plain_keras.predictions(tmp_path, asked), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6, err_msg=str(case))


@pytest.mark.parametrize(
    "activation", [{"kind": "celu", "alpha": 2.0}, {"kind": "threshold", "threshold": 0.5, "default_value": 0.1}]
)
def test_an_activation_that_plain_keras_cannot_load_is_refused(activation):
    spec, network = a_network({"kind": "gru", "units": 3, "activation": activation}, (6, 2))
    form = architecture(spec, network.model, variable_paths(network))
    with pytest.raises(NotFound, match=f"its activation {activation['kind']} has parameters"):
        keras_file(form, Snapshot(0, tuple(variable.numpy() for variable in network.variables)), NOW)


def test_the_form_tells_the_specs_own_initialisers_whatever_program_trained_it():
    spec, _ = a_network({"kind": "dense", "units": 3, "kernel_initializer": "orthogonal"}, (4,))
    _, other = a_network({"kind": "dense", "units": 3, "kernel_initializer": "zeros"}, (4,))
    form = architecture(spec, other.model, variable_paths(other))
    (layer,) = (each for each in json.loads(form.config)["config"]["layers"] if each["class_name"] == "Dense")
    drawn = layer["config"]["kernel_initializer"]
    assert (drawn["class_name"], drawn["config"]["seed"]) == ("Orthogonal", None)
    assert form.keras_version == keras.__version__


NORMALIZED = {
    "layers": [
        {"kind": "dense", "units": 4, "activation": "tanh"},
        {"kind": "batch_normalization"},
        {"kind": "dropout", "rate": 0.3},
        {"kind": "dense", "units": 1, "activation": "sigmoid"},
    ]
}
STOPPING = {
    "loss": "binary_crossentropy",
    "optimizer": {"kind": "sgd", "learning_rate": 0.3},
    "epochs": 40,
    "batch_size": 8,
    "early_stopping": {"monitor": "accuracy", "patience": 3},
}


SAVED = {
    "with a state": a_spec(epochs=5, seeds=(0, 1), model=NORMALIZED),
    "side by side": a_spec(epochs=7, seeds=(0, 1, 2)),
    "stopped at different epochs": a_spec(seeds=(0, 1, 2, 3), training=STOPPING),
    "only looked at": a_spec(epochs=0, seeds=(4,)),
}


@pytest.mark.parametrize("case", one_in(4, SAVED))
def test_the_file_predicts_what_the_training_measured(case: str, plain_keras, tmp_path):
    spec = SAVED[case]
    data = Data(spec)
    val_x, val_y = (np.asarray(each) for each in data.arrays[2:])
    metrics, snapshots = {}, {}
    for chunk in train(spec, chunk_seconds=0.01):
        form = chunk.architecture()
        for run in chunk.runs:
            for record in run.history:
                metrics[run.seed, record.epoch] = record.metrics
            if run.snapshot:
                snapshots[run.seed, run.snapshot.epoch] = run.snapshot
    last = {seed: max(epoch for of, epoch in metrics if of == seed) for seed in spec.seeds}
    assert set(snapshots) == {(seed, epoch) for seed in spec.seeds for epoch in (0, last[seed])}
    if "early_stopping" in spec.training.model_dump(exclude_none=True):
        assert len(set(last.values())) > 1
    for seed in spec.seeds:
        drawn = flattened(initial_values(spec, seed))
        assert [each.tobytes() for each in snapshots[seed, 0].values] == [each.tobytes() for each in drawn]
    files = [saved(tmp_path / f"{seed}-{epoch}.keras", form, each) for (seed, epoch), each in snapshots.items()]
    found = plain_keras.predictions(tmp_path, [(file, val_x) for file in files])
    for where, predicted in zip(snapshots, found, strict=True):
        loss = keras.losses.BinaryCrossentropy()(val_y, predicted)
        assert float(loss) == pytest.approx(metrics[where]["val_loss"], rel=1e-5)
        assert float(np.mean((predicted > 0.5) == val_y)) == pytest.approx(metrics[where]["val_accuracy"], abs=1e-6)
