"""Networks and loops that the tests share: circles of the tutorial, and plain training loops."""

import torch
from torch import nn

from gradlab.torch import Watch
from gradlab.vocabulary.datasets.circles import Circles

# One thread adds in one order, whatever else the machine does.
torch.set_num_threads(1)


def circles():
    """The tutorial's circles: x, y and their validation samples, float32."""
    data = Circles(samples=1000, noise=0.1, seed=1, scale=(-1.0, 1.0), train_size=500).load()
    x, val_x = (torch.as_tensor(each).float() for each in (data.train_x, data.val_x))
    y, val_y = (torch.as_tensor(each).float()[:, None] for each in (data.train_y, data.val_y))
    return (x, y), (val_x, val_y)


def deep(activation=nn.Tanh, draw=lambda tensor: nn.init.uniform_(tensor, 0, 1), layers=5, seed=0):
    """A deep network of narrow layers; by default the tutorial's second one."""
    torch.manual_seed(seed)
    modules, width = [], 2
    for _ in range(layers):
        modules += [nn.Linear(width, 5), activation()]
        width = 5
    network = nn.Sequential(*modules, nn.Linear(width, 1), nn.Sigmoid())
    for module in network:
        if isinstance(module, nn.Linear):
            draw(module.weight)
            nn.init.zeros_(module.bias)
    return network


def sgd(model):
    """The tutorial's optimiser."""
    return torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)


def fit(model, optimizer, loss, data, *, epochs=2, watch=None, batch=32):
    """Train a model in a plain loop; call the watch after each epoch."""
    x, y = data
    generator = torch.Generator().manual_seed(7)
    for _ in range(epochs):
        for places in torch.randperm(len(x), generator=generator).split(batch):
            optimizer.zero_grad()
            loss(model(x[places]), y[places]).backward()
            optimizer.step()
        if watch is not None:
            watch.epoch()


def watched(model=None, *, epochs=2, loss=None, validates=False, **named):
    """A Watch that has seen a training on circles, and has ended."""
    data, validation = circles()
    model = deep() if model is None else model
    loss, optimizer = loss or nn.BCELoss(), sgd(model)
    if validates:
        named["validation_data"] = validation
    watch = Watch(model, loss=loss, optimizer=optimizer, data=data, epochs=epochs, report_at_end=False, **named)
    fit(model, optimizer, loss, data, epochs=epochs, watch=watch)
    watch.end()
    return watch
