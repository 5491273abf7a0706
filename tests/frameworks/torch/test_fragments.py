"""PyTorch fragments of remedies are run: what they make is put where their comment says, and trains a step."""

import copy
import itertools
import re

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gradlab.remedies import REMEDIES
from gradlab.torch import Watch
from gradlab.translate import cures_of

ACTIVATIONS = (nn.Tanh, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.Sigmoid, nn.Softmax)
PLACE = re.compile(r"# (behind |around |)(.+)")


class Recurrent(nn.Module):
    """A recurrent layer, of which the last state goes on. It takes modules that return their state or do not."""

    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.RNN(3, 8, batch_first=True), nn.Linear(8, 1)

    def forward(self, x):
        parts = self.rnn if isinstance(self.rnn, nn.Sequential) else [self.rnn]
        for part in parts:
            x = part(x)[0] if isinstance(part, nn.RNNBase) else part(x)
        return self.head(x[:, -1])


class Around(nn.Module):
    """A block with the code of a residual connection."""

    def __init__(self, block, code):
        super().__init__()
        self.block, self.code = block, code

    def forward(self, x):
        names = {"x": x, "block": self.block}
        exec(self.code, names)
        return names["x"]


def dense(widths, activation=nn.Tanh, *, draws=True, last=()):
    modules = []
    for into, out in itertools.pairwise(widths[:-1]):
        modules += [nn.Linear(into, out), activation()]
    network = nn.Sequential(*modules, nn.Linear(*widths[-2:]), *last)
    for module in network if draws else ():
        if isinstance(module, nn.Linear):
            nn.init.uniform_(module.weight, 0, 1)
    return network


def networks():
    """Name -> model, loss, samples."""
    torch.manual_seed(0)
    x = torch.randn(64, 6)
    values, classes = x.sum(dim=1, keepdim=True), (x.sum(dim=1, keepdim=True) > 0).float()
    images, labels = torch.randn(64, 1, 8, 8), torch.randint(0, 3, (64,))
    conv = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)
    )
    norm = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 1))
    return {
        "dense": (dense((6, 5, 5, 5, 5, 1)), nn.BCEWithLogitsLoss(), x, classes),
        "relu": (dense((6, 5, 5, 1), nn.ReLU, draws=False), nn.MSELoss(), 100 * x, 100 * values),
        "softmax": (dense((6, 5, 1), nn.ReLU, last=[nn.Softmax(dim=1)]), nn.BCELoss(), x, classes),
        "norm": (norm, nn.BCEWithLogitsLoss(), x, classes),
        "conv": (conv, nn.CrossEntropyLoss(), images, labels),
        "recurrent": (Recurrent(), nn.MSELoss(), torch.randn(64, 7, 3), values),
    }


def cures():
    """(network, remedy) -> its fragments."""
    fragments = {}
    for name, (model, loss, x, y) in networks().items():
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        watch = Watch(model, loss=loss, optimizer=optimizer, data=(x, y), epochs=20, report_at_end=False)
        model(x[: 8 if name == "relu" else 16])  # a training batch: its size is read from it
        watch.begin()
        for remedy, cure in cures_of(watch.spec, REMEDIES):
            if cure.code:
                fragments[name, remedy.name] = cure.code.split("\n\n")
        watch.end()
    return fragments


FRAGMENTS = cures()


class Cured:
    """A network after the fragments of a remedy have been run, and a step of its training."""

    def __init__(self, network, blocks):
        model, self.loss_function, self.x, self.y = networks()[network]
        self.model, self.penalties, self.clipping, self.made = model, [], None, []
        self.names = {
            "nn": nn, "torch": torch, "DataLoader": DataLoader, "model": model, "x": self.x, "y": self.y,
            "x_val": self.x[:8], "y_val": self.y[:8], "dataset": TensorDataset(self.x, self.y),
        }  # fmt: skip
        self.before = copy.deepcopy(model.state_dict())
        places = []
        for block in blocks:
            if block.startswith("loss = "):
                self.penalties.append(block)
            elif block.startswith("# between"):
                self.clipping = block
            elif (found := PLACE.match(block)) and not block.startswith("# end the loop"):
                where, listed = found.groups()
                places.append((where.strip(), listed.split(", "), block.split("\n", 1)[1]))
            else:
                exec(block, self.names)
        self._place(places)
        self._train()

    def _place(self, places):
        modules = dict(self.model.named_children())
        order = list(modules)
        for where, layers, code in places:
            for layer in layers:
                behind = order[order.index(layer) + 1 :][:1]
                own = [modules[layer], *(modules[each] for each in behind if isinstance(modules[each], ACTIVATIONS))]
                made = self._modules(where, own, code)
                if where != "around" and any(isinstance(each, ACTIVATIONS) for each in [*made, *own[:1]][-2:]):
                    for each in behind:  # it stands where the layer's activation was
                        if isinstance(modules[each], ACTIVATIONS) and len(own) > 1 and own[0] is not own[-1]:
                            modules[each] = nn.Identity()
                if where == "around" or code.startswith("# is left out"):
                    for each in behind:
                        if modules[each] in own:
                            modules[each] = nn.Identity()
                self.made += made
                modules[layer] = nn.Sequential(*([own[0], *made] if where == "behind" else made))
        for name, module in modules.items():
            self.model.add_module(name, module)

    def _modules(self, where, own, code):
        if code.startswith("# is left out"):
            return []
        if where == "around":
            return [Around(nn.Sequential(*own), code)]
        return list(eval(f"[\n{code}\n]", self.names))

    def _train(self):
        names = self.names
        x, y = names["x"], names["y"]
        if "loader" in names:
            x, y = next(iter(names["loader"]))
            assert len(x) == names["loader"].batch_size
        with torch.no_grad():
            self.model(x)  # lazy modules get their tensors
        optimizer = names.get("optimizer")
        if optimizer is None or len({*map(type, self.model.modules())} & {nn.LazyLinear}):
            optimizer = torch.optim.SGD(self.model.parameters(), 0.01)
        self.initially = copy.deepcopy(self.model.state_dict())
        names["loss"] = names.get("loss_function", self.loss_function)(self.model(x), y)
        self.plain_loss = float(names["loss"].detach())
        for penalty in self.penalties:
            exec(penalty, names)
        self.loss = float(names["loss"].detach())
        names["loss"].backward()
        if self.clipping is not None:
            exec(self.clipping, names)
        self.norm = float(torch.linalg.vector_norm(torch.cat([p.grad.reshape(-1) for p in self.model.parameters()])))
        optimizer.step()
        self.optimizer = optimizer

    @property
    def has_moved(self):
        after = self.model.state_dict()
        return any(not torch.equal(value, after[name]) for name, value in self.initially.items())


@pytest.mark.parametrize(("network", "remedy"), [*FRAGMENTS])
def test_every_fragment_runs_and_the_network_trains_a_step(network, remedy):
    torch.manual_seed(1)
    cured = Cured(network, FRAGMENTS[network, remedy])
    assert torch.isfinite(torch.tensor(cured.loss))
    # A softmax of one unit is constant: what moves it is another output, or a penalty.
    assert cured.has_moved or (network == "softmax" and remedy != "output_matched_to_task")


def test_all_remedies_have_a_fragment_that_is_run():
    assert {remedy for _, remedy in FRAGMENTS} == {each.name for each in REMEDIES}


def cured(network, remedy):
    torch.manual_seed(1)
    return Cured(network, FRAGMENTS[network, remedy])


@pytest.mark.parametrize(
    ("network", "remedy", "kinds"),
    [
        ("dense", "activation_relu", {nn.ReLU}),
        ("relu", "activation_tanh", {nn.Tanh}),
        ("norm", "activation_leaky_relu", {nn.LeakyReLU}),
        ("dense", "batch_normalization", {nn.BatchNorm1d, nn.Tanh}),
        ("dense", "layer_normalization", {nn.LayerNorm, nn.Tanh}),
        ("norm", "layer_for_batch_normalization", {nn.LayerNorm}),
        ("conv", "layer_for_batch_normalization", {nn.GroupNorm}),
        ("relu", "dropout", {nn.ReLU, nn.Dropout}),
        ("softmax", "output_matched_to_task", {nn.Sigmoid}),
        ("recurrent", "lstm_for_simple_rnn", {nn.LSTM}),
        ("recurrent", "gru_for_simple_rnn", {nn.GRU}),
        ("dense", "residual_connections", {Around}),
        ("dense", "wider_layers", {nn.Linear, nn.Tanh}),  # lazy ones have become dense
    ],
)
def test_modules_have_the_class_that_the_remedy_names(network, remedy, kinds):
    assert {type(each) for each in cured(network, remedy).made} == kinds


def test_modules_have_the_arguments_that_the_remedy_names():
    widths = [each.out_features for each in cured("dense", "wider_layers").made if isinstance(each, nn.Linear)]
    assert widths == [7, 7, 7, 7, 1]  # the output takes another width, and is made anew
    assert {each.negative_slope for each in cured("dense", "activation_leaky_relu").made} == {0.3}
    assert {each.p for each in cured("relu", "dropout").made if isinstance(each, nn.Dropout)} == {0.25}
    (lstm,) = cured("recurrent", "lstm_for_simple_rnn").made
    assert (lstm.input_size, lstm.hidden_size, lstm.batch_first) == (3, 8, True)
    left = [each for each in cured("dense", "fewer_layers").model.modules() if isinstance(each, nn.Linear)]
    assert len(left) == 3


def test_tensors_are_drawn_as_the_remedy_says():
    drawn = cured("dense", "initializer_for_activation")
    bound = (6 / (6 + 5)) ** 0.5
    weight = drawn.initially["0.weight"]
    assert float(weight.abs().max()) <= bound
    assert float(weight.min()) < 0 < float(weight.max())
    assert not drawn.initially["2.bias"].any()
    product = cured("dense", "orthogonal_initializer").initially["2.weight"]
    torch.testing.assert_close(product @ product.T, torch.eye(5), atol=1e-5, rtol=0)
    recurrent = cured("recurrent", "orthogonal_recurrent").initially["rnn.weight_hh_l0"]
    torch.testing.assert_close(recurrent @ recurrent.T, torch.eye(8), atol=1e-5, rtol=0)


def test_the_training_has_what_the_remedy_names():
    adam = cured("dense", "optimizer_adam").optimizer
    assert (type(adam), adam.param_groups[0]["lr"]) == (torch.optim.Adam, 0.001)
    lower = cured("dense", "learning_rate_lower").optimizer
    assert (type(lower), lower.param_groups[0]["lr"], lower.param_groups[0]["momentum"]) == (torch.optim.SGD, 0.01, 0.9)
    assert cured("relu", "clip_by_global_norm").norm == pytest.approx(1.0, rel=1e-3)
    penalised = cured("dense", "l2_regularization")
    hidden = [value for name, value in penalised.initially.items() if name.endswith("weight")][:-1]
    expected = 0.01 * sum(float(each.square().sum()) for each in hidden)
    assert penalised.loss - penalised.plain_loss == pytest.approx(expected, rel=1e-4)
    scaled = cured("relu", "input_scaling").names["x"]
    torch.testing.assert_close(scaled.std(dim=0), torch.ones(6))
    torch.testing.assert_close(cured("relu", "target_scaling").names["y"].std(), torch.tensor(1.0))
    assert cured("dense", "more_epochs").names["epochs"] == 80
    assert cured("relu", "batch_size_larger").names["loader"].batch_size == 32
    assert cured("dense", "batch_size_smaller").names["loader"].batch_size < 16
