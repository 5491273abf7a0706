"""A Watch records a training in one's own loop as the service records its own, and changes nothing in it."""

import random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gradlab.measurement.statistics import WEIGHT_STATISTICS
from gradlab.torch import Watch
from gradlab.watch import IllTraining, WatchWarning
from tests.frameworks.torch.loops import circles, deep, fit, sgd, watched


def history_of(watch):
    return watch.recorder.runs()[0].history


def metric(watch, name):
    history = history_of(watch)
    return history.metrics[:, history.layout.metrics.index(name)]


class Stateful(nn.Module):
    """Layers that a forward pass changes: running means, dropout, a counter, a state of the module's own."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Linear(2, 8), nn.BatchNorm1d(8)
        self.drop, self.second = nn.Dropout(0.3), nn.Linear(8, 1)
        self.calls, self.memory = 0, None

    def forward(self, x):
        self.calls += 1
        noise = torch.rand(()) + random.random() + float(np.random.rand())
        self.memory = x.mean()
        return torch.sigmoid(self.second(self.drop(torch.relu_(self.norm(self.first(x))))) + 0 * noise)


@pytest.mark.parametrize("record", ["lean", "full"])
def test_observing_changes_no_bit_of_the_training(record):
    states, data = [], circles()
    for is_watched in (False, True):
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)
        model = Stateful()
        optimizer, loss = torch.optim.Adam(model.parameters()), nn.BCELoss()
        named = {"data": data[0], "validation_data": data[1], "record": record, "report_at_end": False}
        watch = Watch(model, loss=loss, optimizer=optimizer, **named) if is_watched else None
        fit(model, optimizer, loss, data[0], epochs=3, watch=watch)
        drawn = float(torch.rand(())), random.random(), float(np.random.rand())
        states.append((model.state_dict(), optimizer.state_dict()["state"], model.calls, float(model.memory), drawn))
    (plain, slots, *others), (observed, observed_slots, *others_observed) = states
    assert others == others_observed
    assert all(torch.equal(plain[name], observed[name]) for name in plain)
    for name, of_tensor in slots.items():
        assert all(torch.equal(value, observed_slots[name][slot]) for slot, value in of_tensor.items())


def test_metrics_are_those_of_the_loop():
    data, _ = circles()
    model, losses, right = deep(), [], 0
    optimizer, loss = sgd(model), nn.BCELoss()
    watch = Watch(model, loss=loss, optimizer=optimizer, data=data, report_at_end=False)
    for x, y in zip(data[0].split(32), data[1].split(32), strict=True):
        optimizer.zero_grad()
        output = model(x)
        value = loss(output, y)
        value.backward()
        optimizer.step()
        losses.append(float(value.detach()) * len(x))
        right += int(((output.detach() > 0.5) == (y > 0.5)).sum())
    watch.epoch(f1=0.25)
    watch.end()
    assert metric(watch, "loss")[1] == pytest.approx(sum(losses) / 500, rel=1e-5)
    assert metric(watch, "accuracy")[1] == pytest.approx(right / 500)
    assert metric(watch, "f1")[1] == pytest.approx(0.25)
    assert metric(watch, "learning_rate").tolist() == pytest.approx([0.01, 0.01])


def test_record_0_is_the_state_before_the_first_update():
    (x, y), validation = circles()
    model = deep()
    expected = nn.functional.binary_cross_entropy(model(x), y)
    gradients = torch.autograd.grad(expected, list(model.parameters()))
    val = nn.functional.binary_cross_entropy(model(validation[0]), validation[1])
    watch = watched(model, epochs=1, validates=True)
    assert metric(watch, "loss")[0] == pytest.approx(float(expected.detach()), rel=1e-5)
    assert metric(watch, "val_loss")[0] == pytest.approx(float(val.detach()), rel=1e-5)
    history = history_of(watch)
    layout = history.layout["gradients"]
    l2 = history.series["gradients"][0, :, layout.columns.index("l2")]
    np.testing.assert_allclose(l2, [float(each.norm()) for each in gradients], rtol=1e-4)


def test_weights_are_measured_at_the_end_of_each_record():
    data, _ = circles()
    model = deep()
    before = [each.detach().clone().numpy().reshape(-1) for each in model.parameters()]
    optimizer, loss = sgd(model), nn.BCELoss()
    watch = Watch(model, loss=loss, optimizer=optimizer, data=data, record="full", report_at_end=False)
    fit(model, optimizer, loss, data, epochs=1, watch=watch)
    after = [each.detach().numpy().reshape(-1) for each in model.parameters()]
    watch.end()
    expected = [[each.compute(w, v, np) for each in WEIGHT_STATISTICS] for w, v in zip(after, before, strict=True)]
    np.testing.assert_allclose(history_of(watch).series["weights"][1], expected, rtol=1e-4, atol=1e-7)
    counts = history_of(watch).series["weight_histograms"][1].sum(axis=1)
    assert counts.tolist() == [each.size for each in after]


def test_layers_and_tensors_have_the_users_names_and_keras_shapes():
    watch = watched(epochs=1)
    first = watch.spec.layers[0]
    assert (first.name, first.class_name, first.activation, first.output_shape) == ("0", "Linear", "tanh", (5,))
    assert [(each.name, each.shape, each.role) for each in first.parameters] == [
        ("weight", (2, 5), "kernel"), ("bias", (5,), "bias"),
    ]  # fmt: skip
    assert [layer.name for layer in watch.spec.layers] == ["0", "2", "4", "6", "8", "10"]
    assert first.configuration.kernel_initializer.kind == "random_uniform"
    assert watch.spec.layers[-1].inbound == ("8",)
    assert watch.spec.loss.kind == "binary_crossentropy"
    assert watch.spec.optimizer.kind == "sgd"
    assert (watch.spec.batch_size, watch.spec.steps_per_epoch, watch.spec.framework) == (32, 16, "torch")


def test_nothing_waits_for_the_device_inside_a_record(monkeypatch):
    """All sums stay there, and a record's end fetches them once. What the processor computes is in no other memory."""
    monkeypatch.setattr("gradlab.torch.meter.is_in_own_memory", lambda _: False)
    data, _ = circles()
    model = deep()
    optimizer, loss = sgd(model), nn.BCELoss()
    watch = Watch(model, loss=loss, optimizer=optimizer, data=data, record="full", report_at_end=False)
    fit(model, optimizer, loss, data, epochs=1, watch=watch)  # describing the model fetches its initial weights
    calls = []
    for name in ("item", "cpu", "numpy", "tolist", "__float__", "__bool__", "__int__"):
        original = getattr(torch.Tensor, name)

        def counted(tensor, *arguments, _name=name, _original=original, **named):
            calls.append(_name)
            return _original(tensor, *arguments, **named)

        monkeypatch.setattr(torch.Tensor, name, counted)
    inside = []
    monkeypatch.setattr(watch, "epoch", lambda: inside.append(list(calls)))
    fit(model, optimizer, loss, data, epochs=1, watch=watch)
    assert inside == [[]]
    Watch.epoch(watch)
    assert calls == []  # nor at its end: records are measured several at a time
    watch.diagnosis()
    assert calls == ["cpu", "numpy"]


def test_a_record_may_be_a_number_of_steps():
    data, _ = circles()
    model = deep()
    optimizer, loss = sgd(model), nn.BCELoss()
    watch = Watch(model, loss=loss, optimizer=optimizer, data=data, every=5, report_at_end=False)
    fit(model, optimizer, loss, data, epochs=2)
    watch.end()
    assert (watch.spec.axis, watch.spec.every_steps, watch.spec.epochs) == ("step", 5, 6)
    assert history_of(watch).last_epoch == 6


def test_each_parameter_group_has_a_learning_rate():
    data, _ = circles()
    model, loss = deep(), nn.BCELoss()
    groups = [{"params": model[0].parameters(), "lr": 0.1}, {"params": model[2:].parameters()}]
    optimizer = torch.optim.SGD(groups, lr=0.01)
    watch = Watch(model, loss=loss, optimizer=optimizer, data=data, report_at_end=False)
    fit(model, optimizer, loss, data, epochs=1, watch=watch)
    assert metric(watch, "learning_rate")[1] == pytest.approx(0.1)
    assert metric(watch, "learning_rate_2")[1] == pytest.approx(0.01)
    assert len(watch.notes) == 2


def test_a_compiled_model_is_measured_like_a_plain_one():
    results = []
    for is_compiled in (False, True):
        data, _ = circles()
        model = deep()
        called = torch.compile(model, backend="aot_eager") if is_compiled else model
        optimizer, loss = sgd(model), nn.BCELoss()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            watch = Watch(called, loss=loss, optimizer=optimizer, data=data, report_at_end=False)
            fit(called, optimizer, loss, data, epochs=2, watch=watch)
            watch.end()
        results.append(history_of(watch))
    plain, compiled = results
    for kind in ("gradients", "activations", "signals"):
        np.testing.assert_allclose(compiled.series[kind], plain.series[kind], rtol=1e-3, atol=1e-6)


def test_the_tutorials_second_network_is_ill():
    watch = watched(epochs=60, validates=True)
    diagnosis = watch.diagnosis()
    assert (str(diagnosis.verdict), diagnosis.root_cause) == ("ill", "nonzero_mean_initialization")
    assert diagnosis.unjudged == []
    with pytest.raises(IllTraining):
        watch.check()


def test_a_deep_network_of_relus_is_not_ill():
    watch = watched(deep(nn.ReLU, nn.init.kaiming_normal_, seed=1), epochs=300, validates=True)
    assert str(watch.diagnosis().verdict) != "ill"
    watch.check()


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"every": 0}, "every: expected"),
        ({"record": "everything"}, "record: expected"),
        ({"optimizer": None}, "optimizer: expected"),
        ({"data": 3}, "data: expected"),
        ({"data": (torch.zeros(3, 2), torch.zeros(2))}, "data: expected x and y with equally many samples"),
        ({"model": nn.Tanh()}, "model: expected trainable tensors"),
    ],
)
def test_wrong_arguments_get_one_sentence(named, message):
    model = deep()
    arguments = {"model": model, "loss": nn.BCELoss(), "optimizer": sgd(model)} | named
    with pytest.raises(ValueError, match=message):
        Watch(arguments.pop("model"), **arguments)


def warnings_of(watch_arguments, loop):
    data, _ = circles()
    model = deep()
    optimizer, loss = sgd(model), nn.BCELoss()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        watch = Watch(model, loss=loss, optimizer=optimizer, report_at_end=False, **{"data": data} | watch_arguments)
        loop(model, optimizer, loss, data, watch)
        watch.end()
    return [str(each.message) for each in caught if issubclass(each.category, WatchWarning)], watch


def test_a_loop_that_forgets_epoch_gets_one_sentence():
    messages, watch = warnings_of(
        {}, lambda model, optimizer, loss, data, _: fit(model, optimizer, loss, data, epochs=5)
    )
    assert ["epoch() has not been called" in each for each in messages] == [True, False]
    assert "epoch() was never called" in messages[1]
    assert history_of(watch).last_epoch == 1


def test_data_of_another_shape_gets_one_sentence_and_the_training_goes_on():
    other = (torch.zeros(20, 3), torch.zeros(20, 1))
    loop = lambda model, optimizer, loss, data, watch: fit(model, optimizer, loss, data, watch=watch)  # noqa: E731
    messages, watch = warnings_of({"data": other}, loop)
    assert messages[0].startswith("data: expected inputs that the model takes; received a batch of shape (2, 3)")
    assert len(messages) == 2
    assert history_of(watch).last_epoch == 2


def test_a_loss_that_is_not_finite_from_the_first_batch_gets_one_sentence():
    data, _ = circles()
    data = (torch.full_like(data[0], torch.nan), data[1])
    model = nn.Linear(2, 1)
    optimizer, loss = sgd(model), nn.MSELoss()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        watch = Watch(model, loss=loss, optimizer=optimizer, report_at_end=False, data=data)
        fit(model, optimizer, loss, data, watch=watch)
        watch.end()
    messages = [str(each.message) for each in caught if issubclass(each.category, WatchWarning)]
    assert len(messages) == 1, messages
    assert messages[0].startswith("the loss is nan before the first update: look at the samples for NaN")


METHODS = [
    ("Session", "probe"), ("Session", "initial"), ("Session", "record"), ("Session", "begin_record"),
    ("Session", "measured"), ("Session", "wiring_tensors"),
    ("GradientRows", "read"), ("GradientRows", "commit"), ("GradientRows", "means"), ("Evaluation", "metrics"),
    ("Evaluation", "gradient"), ("Course", "begin"), ("Course", "_spec"), ("Course", "end"), ("Records", "add"),
    ("Records", "_measure"),
    ("FirstBatches", "add_input"), ("FirstBatches", "add_loss"), ("FirstBatches", "add_pass"), ("Meter", "add"),
    ("Meter", "results"), ("Recorder", "record"), ("Recorder", "begin"), ("Recorder", "wiring"),
    ("LossScale", "before_step"),
]  # fmt: skip


@pytest.mark.parametrize(("owner", "method"), METHODS)
def test_a_watch_that_is_broken_on_purpose_ends_no_training(owner, method, monkeypatch):
    from gradlab.torch import course, evaluation, first_batches, gradient_rows, meter, records, scaling, session

    modules = (course, evaluation, first_batches, gradient_rows, meter, records, scaling, session)
    kind = next(vars(module)[owner] for module in modules if owner in vars(module))

    def broken(*arguments, **named):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(kind, method, broken)
    loop = lambda model, optimizer, loss, data, watch: fit(model, optimizer, loss, data, watch=watch)  # noqa: E731
    messages, _ = warnings_of({}, loop)
    assert any("broken on purpose" in each for each in messages)


def test_in_several_processes_the_first_one_records_the_mean_gradient(tmp_path):
    script = Path(__file__).with_name("two_processes.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


class Pair(nn.Module):
    """A layer with a tensor of its own that returns two."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return {"scaled": x * self.gain, "plain": x}


class WithPair(nn.Module):
    """A network with such a layer inside."""

    def __init__(self):
        super().__init__()
        self.first, self.pair, self.last = nn.Linear(2, 3), Pair(), nn.Linear(3, 1)

    def forward(self, x):
        both = self.pair(torch.tanh(self.first(x)))
        return torch.sigmoid(self.last(both["scaled"] + both["plain"]))


def test_a_layer_that_returns_no_tensor_is_named_and_its_gradient_recorded():
    torch.manual_seed(0)
    data, model, loss = circles()[0], WithPair(), nn.BCELoss()
    optimizer = sgd(model)
    watch = Watch(model, loss=loss, optimizer=optimizer, data=data, report_at_end=False)
    with pytest.warns(WatchWarning) as warned:
        fit(model, optimizer, loss, data, epochs=1, watch=watch)
    assert [str(each.message) for each in warned if issubclass(each.category, WatchWarning)] == [
        "the activations of 1 layer are not recorded (pair: its output is not one tensor)"
    ]
    layout = history_of(watch).layout
    assert [each.layer for each in layout["activations"].tensors] == ["first", "last"]
    place = [each.layer for each in layout["gradients"].tensors].index("pair")
    assert np.isfinite(history_of(watch).series["gradients"][1, place]).all()
