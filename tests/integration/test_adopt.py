"""`gradlab.keras.adopt` brings a live model and its samples to a service."""

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from gradlab.client.client import Client
from gradlab.errors import Invalid
from gradlab.keras import adopt
from gradlab.keras.adopted_samples import samples_of
from gradlab.translate.from_keras import translate
from tests.unit.desk import a_desk, client_of

X = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")


@pytest.fixture(scope="module")
def client(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with a_desk(migrated_file, tmp_path_factory.mktemp("desk")) as opened:
        yield client_of(opened)


def a_model(units: int, activation: str | None, **compiled) -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(5, "relu"), layers.Dense(units, activation)])
    if compiled:
        model.compile(**compiled)
    return model


def test_a_classifier_with_validation_data_is_submitted(client):
    y = np.eye(3)[np.arange(60) % 3]
    model = a_model(3, "softmax", loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy", "mae"])
    experiment = adopt(
        model, X[:40], y[:40], validation_data=(X[40:], y[40:]), to=client, epochs=2, seeds=(0, 1), name="three kinds"
    )
    spec = experiment.spec
    assert (experiment.name, spec.seeds, spec.epochs) == ("three kinds", (0, 1), 2)
    assert (spec.dataset.train_count, spec.dataset.sample_count, spec.dataset.feature_shape) == (40, 60, (4,))
    assert str(spec.dataset.target) == "3 classes"
    assert [layer.units for layer in spec.model.layers] == [5, 3]
    assert spec.training.optimizer.kind == "adam"
    assert spec.metric_names == ("accuracy",)


@pytest.mark.parametrize(
    ("y", "units", "loss", "target"),
    [
        (X[:, :1] > 0, 1, "binary_crossentropy", "2 classes"),
        (X[:, 0], 1, "mse", "1 value"),
        ((X[:, :2] > 0).astype(int), 2, "binary_crossentropy", "2 labels"),
        (None, 4, "mse", "4 values"),
    ],
)
def test_the_task_follows_from_loss_and_targets(client, y, units, loss, target):
    experiment = adopt(a_model(units, None), X, y, to=client, epochs=1, loss=loss, optimizer="SGD")
    assert str(experiment.spec.dataset.target) == target


def test_what_cannot_be_brought_is_refused_before_anything_is_sent(client):
    before = [each.id for each in client.datasets()]
    with pytest.raises(Invalid, match="the model is not compiled"):
        adopt(a_model(1, None), X, X[:, 0], to=client, epochs=1)
    with pytest.raises(Invalid, match="one target for each input"):
        adopt(a_model(1, None), X, X[:9, 0], to=client, epochs=1, loss="mse", optimizer="adam")
    holding_code = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x), layers.Dense(1)])
    with pytest.raises(Invalid, match="a Lambda holds code"):
        adopt(holding_code, X, X[:, 0], to=client, epochs=1, loss="mse", optimizer="adam")
    assert [each.id for each in client.datasets()] == before


def two_ends(**compiled) -> keras.Model:
    """A model that takes numbers and an image, and predicts a price and one of three sorts."""
    numbers, image = keras.Input((4,), name="numbers"), keras.Input((3, 3), name="image")
    both = layers.Concatenate()([numbers, layers.Flatten()(image)])
    model = keras.Model([numbers, image], [layers.Dense(1, name="price")(both), layers.Dense(3, name="sort")(both)])
    if compiled:
        model.compile(optimizer="adam", **compiled)
    return model


IMAGE, SORT = np.random.default_rng(1).normal(size=(60, 3, 3)).astype("float32"), np.arange(60) % 3
LOSSES = {"price": "mse", "sort": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}


@pytest.mark.parametrize("as_lists", [True, False])
def test_several_inputs_and_outputs_are_lists_or_dictionaries_as_fit_takes_them(client, as_lists):
    model = two_ends(loss=LOSSES, loss_weights={"price": 0.5, "sort": 1.0}, metrics={"sort": ["accuracy"]})
    x, y = {"image": IMAGE, "numbers": X}, {"sort": SORT, "price": X[:, :1]}
    if as_lists:
        x, y = [X, IMAGE], [X[:, :1], SORT]
    spec = adopt(model, x, y, to=client, epochs=1).spec
    assert [(each.name, each.shape) for each in spec.inputs] == [("numbers", (4,)), ("image", (3, 3))]
    assert [(each.name, str(each.target), each.weight) for each in spec.outputs] == [
        ("price", "1 value", 0.5),
        ("sort", "3 classes", 1.0),
    ]
    assert spec.metric_names == ("price_loss", "sort_loss", "sort_accuracy")
    assert spec.outputs[1].loss.from_logits


def test_arrays_of_several_inputs_and_outputs_that_are_missing_are_named(client):
    y = {"price": X[:, :1], "sort": SORT}
    with pytest.raises(
        Invalid, match="x: expected a list of 2 arrays, or a dictionary of them by name: numbers, image"
    ):
        adopt(two_ends(loss=LOSSES), {"numbers": X}, y, to=client, epochs=1)
    with pytest.raises(Invalid, match="y: expected targets for each output: price, sort; received None"):
        adopt(two_ends(loss=LOSSES), [X, IMAGE], to=client, epochs=1)
    with pytest.raises(Invalid, match=r"image: expected 60; received 50 samples for 60 inputs"):
        adopt(two_ends(loss=LOSSES), [X, IMAGE[:50]], y, to=client, epochs=1)
    with pytest.raises(Invalid, match="loss: expected a loss for each output: price, sort; received price"):
        adopt(two_ends(), [X, IMAGE], y, to=client, epochs=1, loss={"price": "mse"}, optimizer="sgd")


@pytest.mark.parametrize("form", ["whole numbers", "a column of them", "one-hot rows"])
def test_classes_at_each_time_step_are_no_one_hot_rows(client, form):
    x = np.random.default_rng(1).normal(size=(30, 3, 2)).astype("float32")
    y = np.arange(90).reshape(30, 3) % 4
    targets = {"whole numbers": y, "a column of them": y[..., None], "one-hot rows": np.eye(4)[y]}[form]
    sparse = "" if form == "one-hot rows" else "sparse_"
    model = keras.Sequential([keras.Input((3, 2)), layers.GRU(3, return_sequences=True), layers.Dense(4, "softmax")])
    loss = f"{sparse}categorical_crossentropy"
    experiment = adopt(model, x, targets, to=client, epochs=1, loss=loss, optimizer="sgd", name=form)
    assert str(experiment.spec.dataset.target) == "4 classes at each of 3 time steps"


def test_an_input_whose_name_ends_like_a_validation_part_is_counted_with_the_training_part():
    inputs = [keras.Input((4,), name="numbers"), keras.Input((2,), name="heart_val")]
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()(inputs)))
    parts = [X[:40], X[:40, :2]], [X[40:], X[40:, :2]]
    loss = {"kind": "mean_squared_error"}
    translation = translate(model.to_json())
    samples = samples_of(model, translation, loss, parts[0], X[:40, 0], (parts[1], X[40:, 0]))
    counts = {name: len(each) for name, each in samples.arrays.items()}
    assert counts == {"numbers": 40, "heart_val": 40, "y": 40, "numbers_val": 20, "heart_val_val": 20, "y_val": 20}
    with pytest.raises(Invalid, match="heart_val: expected 40; received 39 samples for 40 inputs"):
        samples_of(model, translation, loss, [X[:40], X[:39, :2]], X[:40, 0], None)
