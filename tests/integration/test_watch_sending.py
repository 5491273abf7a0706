"""A Watch that sends: the service has the same records, facts and diagnosis as the process."""

import keras
import numpy as np

from gradlab.keras import Watch
from gradlab.schemas.status import Status
from tests.sending import a_model, fit

X = np.random.default_rng(1).normal(size=(32, 3)).astype("float32")
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")


def test_the_service_has_what_the_process_has(server):
    watched = Watch(data=(X, Y), to=server.url, record="full", name="sent", report_at_end=False)
    fit(a_model(), watched)
    experiment = server.client.get(watched.recorder.experiment_id)
    assert experiment.status is Status.completed
    for kind in ("weights", "activations", "signals"):
        sent = server.client.series(experiment.id, kind, statistic="nonfinite")
        assert any(np.shape(each) for each in sent.values()), kind
    assert server.client.facts(experiment.id) == watched.recorder.facts
    there, here = server.client.diagnosis(experiment.id), watched.diagnosis()
    assert (there.verdict, there.root_cause) == (here.verdict, here.root_cause)
    assert {each.rule for each in there.findings} == {each.rule for each in here.findings}


def test_the_decision_boundary_is_sent_at_the_end(server):
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", jit_compile=False)
    watched = Watch(data=(X[:, :2], Y), to=server.url, record="lean", report_at_end=False)
    model.fit(X[:, :2], Y, epochs=2, batch_size=16, verbose=0, callbacks=[watched])
    sent = server.client.boundary(watched.recorder.experiment_id)
    assert sent["epochs"].tolist() == [2]
    np.testing.assert_array_equal(sent["values"][0, 0], watched.recorder.plane.outputs)


def test_without_a_service_the_fit_goes_on_and_the_process_has_it_all(a_server):
    watched = Watch(data=(X, Y), to=a_server().url, report_at_end=False)
    fit(a_model(), watched)
    assert watched.recorder.runs()[0].history.last_epoch == 5
    assert watched.recorder.experiment_id is None
    watched.recorder._transmission._outbox.close(0.1)
