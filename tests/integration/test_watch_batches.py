"""Records of a Watch of Keras of the first batches: how they are drawn, and what the loss gets."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from gradlab.keras import Watch
from gradlab.keras.first_batches import RATIO, FirstBatches, of_batch
from gradlab.watch import WatchWarning
from tests.keras_models import dense

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(192, 8)).astype("float32")
Y = (X[:, 0] > 0).astype("float32")
ORDER = np.argsort(Y)


def compiled() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = dense()
    model.compile("sgd", keras.losses.BinaryCrossentropy(), metrics=["accuracy"])
    return model


def watch(**more: Any) -> Watch:
    return Watch(**{"data": (X, Y), "validation_data": (X[:32], Y[:32]), "report_at_end": False} | more)


def judged(watched: Watch) -> bool | None:
    """True if batches are seen to be in order or to repeat, False if not; None if that is unjudged."""
    diagnosis = watched.diagnosis()
    if any(each.rule == "ordered_batches" for each in diagnosis.unjudged):
        return None
    return any(each.rule == "ordered_batches" for each in diagnosis.findings)


class TheSame(keras.utils.PyDataset):
    """A dataset that begins anew with every batch."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        return X[:32], Y[:32]


def fitted(watched: Watch, *data: Any, **more: Any) -> keras.Model:
    model = compiled()
    model.fit(*data, epochs=2, verbose=0, callbacks=[watched], validation_data=(X[:32], Y[:32]), **more)
    assert not {"train_step", "compute_loss"} & vars(model).keys()
    return model


def test_a_fit_in_order_of_class_is_seen_and_a_shuffled_one_is_not():
    ordered, shuffled = watch(), watch()
    fitted(ordered, X[ORDER], Y[ORDER], batch_size=32, shuffle=False)
    fitted(shuffled, X[ORDER], Y[ORDER], batch_size=32)
    assert (judged(ordered), judged(shuffled)) == (True, False)
    wiring = ordered.recorder.runs()[0].wiring
    assert wiring.batch_class_shares.all == pytest.approx(max(Y.mean(), 1 - Y.mean()))
    assert wiring.batch_class_shares.batch == 1
    assert not shuffled.diagnosis().unjudged, "a fit that was given everything has no unjudged rule"


def test_the_same_batch_each_time_is_seen():
    watched = watch(data=None)  # what it needs is in the batches themselves
    with pytest.warns(WatchWarning, match="no `data`"):
        fitted(watched, TheSame())
    wiring = watched.recorder.runs()[0].wiring
    assert wiring.batches_repeat
    assert judged(watched)
    assert (wiring.output_shape[1:], wiring.target_shape[1:], wiring.target_form) == ((1,), (), "indices")


def test_a_loop_of_ones_own_is_seen_by_its_batches():
    batches = np.split(ORDER, 6)
    by_keras, by_hand, blind = watch(), watch(), watch()
    for watched in (by_keras, by_hand, blind):
        model = compiled()
        if watched is by_keras:
            watched.begin(model, batch_size=32, steps_per_epoch=6)
        else:
            watched.begin(model, optimizer=model.optimizer, loss=model.loss, batch_size=32)
        for batch in batches:
            if watched is by_keras:
                watched.step(float(model.train_on_batch(X[batch], Y[batch])[0]))
            else:
                watched.step(0.7, batch=(X[batch], Y[batch]) if watched is by_hand else None)
        watched.epoch(loss=0.7)
        watched.end()
    assert (judged(by_keras), judged(by_hand), judged(blind)) == (True, True, None)
    (unjudged,) = [each for each in blind.diagnosis().unjudged if each.rule == "ordered_batches"]
    assert "`batch=(x, y)` of its `step`" in unjudged.advice


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.array([0, 2, 2, 1]), (0.5, 0, 2, 1, 0)),
        (np.eye(3, dtype="float32")[[0, 2, 2, 2]], (0.75, 0, 1, 1, 1)),
        (np.full((4, 2), 0.5, "float32"), (1, 0.5, 0.5, 0, 1)),
        (np.array([[0.5], [-2.0], [3.0], [4.0]], "float32"), (0.25, -2, 4, 0, 0)),
    ],
)
def test_the_numbers_of_a_batch_are_those_of_its_arrays(y, expected):
    x = X[:4]
    y = y.astype("float32")
    row = ops.convert_to_numpy(of_batch(ops.convert_to_tensor(x), ops.convert_to_tensor(y), ops))
    np.testing.assert_allclose(row, of_batch(x, y, np), rtol=1e-5)
    weights = np.sin(np.arange(1, 9))
    np.testing.assert_allclose(row[:3], [x.sum(), (x**2).sum(), (x.sum(0) * weights).sum()], rtol=1e-4)
    np.testing.assert_allclose(row[3:], expected)
    assert (of_batch(x[:, ::-1], y, np)[:3] != row[:3]).any()


def test_the_growth_of_gradients_is_that_of_their_arrays():
    batches = FirstBatches(dense(), None, compares=True, lose=lambda why: pytest.fail(why))
    batches.open()
    batches.prepare(6)
    gradients = RANDOM.normal(size=(3, 6)).astype("float32")
    for each in gradients:
        batches.add([each[None, :4].reshape(1, 2, 2), each[None, 4:]], [(2, 2), (2,)])
    batches.close()
    measured = batches.read()[1:, RATIO:]
    for row, before, after in zip(measured, gradients, gradients[1:], strict=False):
        norms = np.linalg.norm(before), np.linalg.norm(after)
        np.testing.assert_allclose(row, [norms[1] / norms[0], before @ after / (norms[0] * norms[1])], rtol=1e-5)
