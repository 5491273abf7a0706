"""A Watch that continues an experiment of the service: one learning curve, whatever became of the training before."""

import warnings
from typing import Any

import keras
import numpy as np
import pytest

from gradlab.keras import Watch
from gradlab.schemas.status import Status
from gradlab.watch import WatchWarning
from tests.sending import a_model, fit
from tests.unit.test_watch import spec as described

X = np.random.default_rng(1).normal(size=(32, 3)).astype("float32")
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def watching(server, resume=None, **more: Any) -> Watch:
    return Watch(data=(X, Y), to=server.url, resume=resume, report_at_end=False, **more)


def test_a_training_that_goes_on_from_a_checkpoint_has_one_learning_curve(server):
    """Ended, continued behind its end, and once more from an earlier checkpoint."""
    model = a_model()
    first = watching(server, record="full")
    losses = [0.0, *fit(model, first, epochs=4).history["loss"]]
    weights = model.get_weights()
    assert server.client.get(first.experiment_id).status is Status.completed

    again = a_model()  # with other names of its layers
    again.set_weights(weights)
    second = watching(server, str(first.experiment_id), record="lean")
    losses += fit(again, second, epochs=6, initial_epoch=4).history["loss"]
    experiment = server.client.get(first.experiment_id)
    assert second.experiment_id == first.experiment_id
    assert (experiment.status, experiment.spec.epochs, experiment.runs[0].epochs_done) == (Status.completed, 6, 6)
    history = server.client.history(first.experiment_id, from_epoch=0)
    assert history["epochs"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(history["values"][0, 1:, 0], losses[1:], rtol=1e-6)
    (run,) = second.recorder.runs()
    assert (run.history.first_epoch, run.history.last_epoch, run.stopped_by) == (0, 6, None)
    for kind in ("gradients", "weights", "activations", "signals", "gradient_histograms"):
        assert np.isfinite(run.history.series[kind][:, :, 0]).all(), (
            kind
        )  # of the second part, too, and `lean` has no effect
    there, here = server.client.diagnosis(first.experiment_id), second.diagnosis()
    assert (there.verdict, {each.rule for each in there.findings}) == (
        str(here.verdict),
        {each.rule for each in here.findings},
    )

    third = watching(server, first.experiment_id)
    fit(again, third, epochs=4, initial_epoch=3)
    experiment = server.client.get(first.experiment_id)
    assert (experiment.status, experiment.spec.epochs, experiment.runs[0].epochs_done) == (Status.completed, 4, 4)
    fit(again, third, epochs=2)  # without `initial_epoch`: behind the last record
    assert server.client.get(first.experiment_id).runs[0].epochs_done == 6


def test_records_of_steps_go_on_and_so_does_a_loop_of_ones_own(server):
    model = a_model()
    first = watching(server, every=2)
    fit(model, first, epochs=3)  # two steps in an epoch
    second = watching(server, first.experiment_id)
    second.begin(model, epochs=2, steps_per_epoch=2, batch_size=16)
    for _ in range(2):
        for begin in (0, 16):
            second.step(float(model.train_on_batch(X[begin : begin + 16], Y[begin : begin + 16])[0]))
        second.epoch()
    second.end()
    experiment = server.client.get(first.experiment_id)
    assert (experiment.spec.axis, experiment.spec.epochs, experiment.runs[0].epochs_done) == ("step", 5, 5)
    assert experiment.status is Status.completed


def test_what_cannot_go_on_is_refused_with_one_sentence(server):
    with pytest.raises(ValueError, match="expected `to`, the service whose experiment goes on"):
        Watch(resume=UNKNOWN)
    with pytest.raises(ValueError, match="expected the id of an experiment; received 'mine'"):
        watching(server, "mine")
    with pytest.raises(ValueError, match="There is no experiment"):
        watching(server, UNKNOWN)
    submitted = server.client.submit(described(metrics=["loss"])).id
    for model, more, expected in (
        (a_model(units=5), {}, "expected a model of 1 tensors, as the experiment has; received 4"),
        (one_unit(), {}, "in which dense/kernel has the shape (2, 1); received (3, 1)"),
        (one_unit(), {"initial_epoch": 3}, "expected `initial_epoch` up to 0, the last record; received 3"),
    ):
        watched = watching(server, submitted)
        with pytest.warns(WatchWarning, match="resume: ") as heard:
            fit(model, watched, **more)
        assert [str(each.message) for each in heard if expected in str(each.message)], [str(e.message) for e in heard]
        assert watched.recorder.runs()[0].history.last_epoch == 5
    server.client.cancel(submitted)
    with pytest.raises(ValueError, match="expected an experiment that may go on"):
        watching(server, submitted)


def one_unit() -> keras.Model:
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    return model


def test_a_service_that_is_away_at_the_beginning_gets_the_records_later(a_server):
    server = a_server()
    server.start()
    model, first = a_model(), watching(server)
    fit(model, first, epochs=2)
    server.stop()
    with pytest.warns(WatchWarning, match="does not answer"):
        second = watching(server, first.experiment_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WatchWarning)
        fit(model, second, epochs=4, initial_epoch=2)
    server.start()
    second.recorder._transmission.close()
    experiment = server.client.get(first.experiment_id)
    assert (experiment.status, experiment.runs[0].epochs_done) == (Status.completed, 4)
