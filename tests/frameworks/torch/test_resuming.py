"""A Watch that continues an experiment of a service. The service is a list here: nothing is sent anywhere."""

import uuid

import numpy as np
import pytest
from torch import nn

from gradlab.torch import Watch
from gradlab.torch import lightning as of_lightning
from gradlab.torch import transformers as of_transformers
from gradlab.watch import WatchWarning, recorder
from gradlab.watch.resumption import Resumption
from tests.frameworks.torch import test_lightning, test_transformers
from tests.frameworks.torch.loops import circles, deep, fit, sgd, watched

ID = str(uuid.uuid4())
AT = {"to": "http://127.0.0.1:9", "report_at_end": False}


class Service:
    """Keeps what the Watch would send, in the place of `Transmission`."""

    def __init__(self, to, **options):
        self.continued, self.numbers = options["continued"], []
        self.experiment_id = self.continued and self.continued.id
        self.error = "not ended"

    def record(self, spec, number, metrics, series):
        self.numbers.append(number)

    def document(self, content):
        pass

    def end(self, spec, error, boundary):
        self.error, self.boundary = error, boundary


@pytest.fixture
def services(monkeypatch):
    """The services that were connected to, first to last."""
    connected = []
    monkeypatch.setattr(
        recorder, "Transmission", lambda *given, **named: connected.append(Service(*given, **named)) or connected[-1]
    )
    return connected


def stored(watch, monkeypatch):
    """Let the service have what a Watch has recorded."""
    (run,) = watch.recorder.runs()
    monkeypatch.setattr(recorder, "fetched", lambda *_: Resumption(run.external, run.history, run.facts))


@pytest.mark.parametrize(("initial_epoch", "numbers"), [(0, [4, 5]), (2, [3, 4])])
def test_records_go_on_after_the_experiments(services, monkeypatch, initial_epoch, numbers):
    model = deep()
    first = watched(model, epochs=3, record="full")
    stored(first, monkeypatch)
    data, _ = circles()
    optimizer, loss = sgd(model), nn.BCELoss()
    second = Watch(
        model, loss=loss, optimizer=optimizer, data=data, record="lean", resume=ID, initial_epoch=initial_epoch,
        epochs=initial_epoch + 2, **AT,
    )  # fmt: skip
    fit(model, optimizer, loss, data, epochs=2, watch=second)
    second.end()
    (service,) = services
    assert (service.numbers, service.error, str(service.continued.id)) == (numbers, None, ID)
    assert (service.continued.after, service.continued.epochs) == (numbers[0] - 1, numbers[-1])
    assert service.boundary.epoch == numbers[-1]
    assert service.boundary.plane is second.recorder.plane is not None
    (run,) = second.recorder.runs()
    history = run.history
    assert (history.first_epoch, history.last_epoch, run.stopped_by) == (0, numbers[-1], None)
    earlier = first.recorder.runs()[0].history
    np.testing.assert_array_equal(history.series["gradients"][: numbers[0]], earlier.series["gradients"][: numbers[0]])
    for kind in ("gradients", "weights", "activations", "signals"):  # `lean` has no effect
        assert np.isfinite(history.series[kind][:, :, 0]).all(), kind
    assert np.isfinite(run.metric("loss")).all()
    assert run.metric("loss")[numbers[0]] != earlier.metrics[numbers[0] - 1, 0]


def test_blocks_of_steps_go_on(services, monkeypatch):
    model = deep()
    stored(watched(model, epochs=1, every=4), monkeypatch)  # 16 steps of an epoch: four records
    data, _ = circles()
    optimizer, loss = sgd(model), nn.BCELoss()
    second = Watch(model, loss=loss, optimizer=optimizer, data=data, resume=ID, **AT)
    fit(model, optimizer, loss, data, epochs=1, watch=second)
    second.end()
    assert services[0].numbers == [5, 6, 7, 8]
    assert services[0].continued.epochs == 100_000  # its length is not known: what a service takes


def test_another_model_is_refused_with_one_sentence(services, monkeypatch):
    stored(watched(epochs=2), monkeypatch)
    data, _ = circles()
    model, loss = deep(layers=2), nn.BCELoss()
    watch = Watch(model, loss=loss, optimizer=sgd(model), data=data, resume=ID, **AT)
    with pytest.warns(WatchWarning, match="resume: expected a model of 12 tensors"):
        watch.begin()
    with pytest.raises(ValueError, match="expected `to`"):
        Watch(model, loss=loss, optimizer=sgd(model), resume=ID)
    with pytest.raises(ValueError, match="initial_epoch: expected"):
        Watch(model, loss=loss, optimizer=sgd(model), epochs=3, initial_epoch=3)


def test_a_training_that_begins_late_has_its_own_numbers():
    data, _ = circles()
    model, loss = deep(), nn.BCELoss()
    optimizer = sgd(model)
    watch = Watch(model, loss=loss, optimizer=optimizer, data=data, initial_epoch=5, epochs=7, report_at_end=False)
    fit(model, optimizer, loss, data, epochs=2, watch=watch)
    watch.end()
    (run,) = watch.recorder.runs()
    assert (run.history.first_epoch, run.history.last_epoch, run.stopped_by) == (5, 7, None)
    assert run.wiring is not None


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_adapters_send_and_continue(services, monkeypatch, tmp_path):
    for watch_of, train in (
        (of_lightning.Watch, test_lightning.train),
        (of_transformers.Watch, test_transformers.train),
    ):
        services.clear()
        first = watch_of(**AT)
        train(tmp_path, first)
        assert (services[0].numbers, services[0].error) == ([0, 1, 2], None)
        assert first.recorder is first.watch.recorder
        stored(first, monkeypatch)
        second = watch_of(resume=ID, **AT)
        train(tmp_path, second)
        assert services[1].numbers == [3, 4]
        assert second.recorder.runs()[0].history.last_epoch == 4
        assert second.report(tmp_path / "report.html")[0].exists()
    with pytest.raises(ValueError, match="expected `to`"):
        of_lightning.Watch(resume=ID)
