"""The decision boundary of a Keras training of two inputs, in its report."""

import keras
import numpy as np
import pytest
from keras import layers

from gradlab.keras import Watch, plane
from gradlab.measurement.plane import axes_around
from gradlab.watch import WatchWarning

X = np.random.default_rng(0).normal(size=(40, 2)).astype("float32")
Y = (X[:, 0] > X[:, 1]).astype("float32")


def fitted() -> tuple[keras.Model, Watch]:
    keras.utils.set_random_seed(0)
    inner = [layers.Dense(4, "tanh"), layers.BatchNormalization(), layers.Dropout(0.5)]
    model = keras.Sequential([layers.Input((2,)), *inner, layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", jit_compile=False)
    watch = Watch(data=(X, Y), record="lean", report_at_end=False)
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[watch])
    return model, watch


def test_the_outputs_over_the_plane_are_the_models_own(tmp_path):
    model, watch = fitted()
    points = np.stack(np.meshgrid(*axes_around(X)), axis=-1).reshape(-1, 2)
    expected = model.predict(points, verbose=0).reshape(32, 32)
    np.testing.assert_allclose(watch.recorder.plane.outputs, [expected], rtol=1e-5)
    page, _ = watch.report(tmp_path / "report.html")
    assert "/boundary" in page.read_text()


def test_a_plane_that_cannot_be_measured_is_warned_of_and_the_rest_is_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(plane, "array", lambda _: 1 / 0)
    with pytest.warns(WatchWarning, match="the decision boundary is not drawn"):
        _, watch = fitted()
    assert watch.recorder.plane is None
    assert watch.diagnosis().outcomes
    assert watch.report(tmp_path / "report.html")[0].exists()
