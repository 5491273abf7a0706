"""Trainings that begin with the weights of a live model go on as the model's own `fit` does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from core.blobs import open_blobs
from core.training.sample_order import sample_order
from core.training.train import train
from core.use_cases import weights
from core.use_cases.samples import SampleLoader
from gradlab.client.client import Client
from gradlab.errors import Invalid
from gradlab.keras import adopt, save_weights
from gradlab.spec import ExperimentSpec
from gradlab.tensor_file import map_tensors
from gradlab.translate.keras_program import keras_program
from tests.fitting import trained
from tests.unit.desk import Desk, a_desk, client_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 4)).astype("float32")
Y = (X[:, :1] * X[:, 1:2] > 0).astype("float32")
EPOCHS, BATCH = 3, 16


@pytest.fixture(scope="module")
def desk(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with a_desk(migrated_file, tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture
def client(desk: Desk) -> Client:
    return client_of(desk)


def a_model() -> keras.Model:
    """A graph with a nested model, a normalisation and a shared layer, which has trained a little."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((4,))
    shared = layers.Dense(4, "tanh", name="twice")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(5, use_bias=False), layers.BatchNormalization()])
    x = layers.Activation("relu")(inner(shared(shared(inputs))))
    model = keras.Model(inputs, layers.Dense(1, "sigmoid")(x))
    compiled(model).fit(X, Y, epochs=2, verbose=0)
    return model


def compiled(model: keras.Model) -> keras.Model:
    """The model with an optimiser that has gathered nothing."""
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    # Nothing is traced for a dozen batches.
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"], run_eagerly=True)
    return model


def adopted(client: Client, model: keras.Model, **options: Any) -> ExperimentSpec:
    validation = (X[40:], Y[40:])
    options = {"weights": "live", "epochs": EPOCHS, "batch_size": BATCH} | options
    spec = adopt(model, X[:40], Y[:40], validation_data=validation, to=client, **options).spec
    assert isinstance(spec, ExperimentSpec)
    return spec


def in_service(desk: Desk, spec: ExperimentSpec) -> list[Any]:
    blobs = open_blobs(desk.settings)
    given = weights.load(spec, store=desk.store, blobs=blobs)
    return list(train(spec, samples=SampleLoader(desk.store, blobs)(spec.dataset), weights=given))


def test_a_live_model_goes_on_as_its_own_fit_does(desk: Desk, client: Client):
    model = a_model()
    spec = adopted(client, model, seeds=(0, 1))
    chunks = in_service(desk, spec)
    first = {run.seed: run.history for run in chunks[0].runs}
    names = spec.layout.metrics
    evaluated = [model.evaluate(*part, verbose=0) for part in ((X[:40], Y[:40]), (X[40:], Y[40:]))]
    expected = dict(zip(("loss", "accuracy", "val_loss", "val_accuracy"), np.ravel(evaluated), strict=True))
    for seed in (0, 1):
        measured = dict(zip(names, first[seed].metrics[0], strict=True))
        assert {name: measured[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    data = SampleLoader(desk.store, open_blobs(desk.settings))(spec.dataset)
    rows = []
    compiled(model)
    for epoch in range(1, EPOCHS + 1):
        order = sample_order(1, epoch, 40)
        targets, val = data.train_y[order][:, None], (data.val_x, data.val_y[:, None])
        fitted = model.fit(data.train_x[order], targets, BATCH, shuffle=False, verbose=0, validation_data=val)
        rows.append([fitted.history[name][0] for name in names[:4]])
    of_service = trained(chunks, seed=1)["metrics"]
    assert names[:4] == ("loss", "accuracy", "val_loss", "val_accuracy")
    np.testing.assert_allclose(of_service[:, :4], rows, rtol=2e-5, atol=1e-6)
    ended = next(run.snapshot for chunk in chunks for run in chunk.runs if run.seed == 1 and run.run_ended)
    by_size = sorted(ended.values, key=lambda each: (each.shape, each.ravel()[0]))
    own = sorted((each.numpy() for each in model.weights), key=lambda each: (each.shape, each.ravel()[0]))
    for ours, theirs in zip(by_size, own, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-6)


def test_the_written_program_begins_with_them_too(client: Client, tmp_path: Path, monkeypatch):
    model = a_model()
    spec = adopted(client, model)
    assert spec.training.initial_weights is not None
    monkeypatch.chdir(tmp_path)
    Path("weights.safetensors").write_bytes(client.weights_file(spec.training.initial_weights.id))
    scope: dict[str, Any] = {"x": X, "y": Y, "x_val": X[:4], "y_val": Y[:4]}
    exec(keras_program(spec).partition("model.compile")[0], scope)
    np.testing.assert_allclose(scope["model"].predict_on_batch(X), model.predict_on_batch(X), rtol=1e-6, atol=1e-7)


def test_weights_that_cannot_be_brought_are_refused_before_anything_is_sent(client: Client, tmp_path: Path):
    model = a_model()
    save_weights(model, tmp_path / "mine.safetensors")
    tensors, _ = map_tensors(tmp_path / "mine.safetensors")
    assert {name.rpartition("/")[2] for name in tensors} >= {"kernel", "bias", "moving_mean", "moving_variance"}
    model.layers[-1].kernel.assign(np.full((5, 1), np.nan))
    before = [each.id for each in client.list_weights()]
    with pytest.raises(Invalid, match='finite weights, or weights="fresh"'):
        adopted(client, model)
    with pytest.raises(Invalid, match='"fresh" or "live"'):
        adopted(client, model, weights="random")
    with pytest.raises(Invalid, match="inputs whose axes all have a size"):
        save_weights(keras.Sequential([keras.Input((None, 2)), layers.GRU(3)]), tmp_path / "open.safetensors")
    with pytest.raises(Invalid, match="a model that is built"):
        save_weights(keras.Sequential([layers.Dense(3)]), tmp_path / "unbuilt.safetensors")
    assert [each.id for each in client.list_weights()] == before
    assert adopted(client, model, weights="fresh").training.initial_weights is None
