"""A PyTorch loop of your own, diagnosed in your own process: two lines more, and no service.

python examples/watch-a-pytorch-loop.py
"""

import torch
from torch import nn

from gradlab.torch import Watch

EPOCHS = 60


def a_model() -> nn.Module:
    """Five tanh layers whose weights are all drawn positive: it will not learn, and the diagnosis says why."""
    layers: list[nn.Module] = []
    for inputs in (2, 5, 5, 5, 5):
        layers += [nn.Linear(inputs, 5), nn.Tanh()]
    model = nn.Sequential(*layers, nn.Linear(5, 1))
    for name, tensor in model.named_parameters():
        if name.endswith("weight"):
            nn.init.uniform_(tensor, 0, 1)
    return model


torch.manual_seed(1)
x = torch.randn(512, 2)
y = (x.square().sum(dim=1, keepdim=True) > 1.4).float()
train, validation = (x[:384], y[:384]), (x[384:], y[384:])

model, loss = a_model(), nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
watch = Watch(model, loss=loss, optimizer=optimizer, data=train, validation_data=validation, epochs=EPOCHS)

for _ in range(EPOCHS):
    for batch in torch.randperm(len(train[0])).split(32):
        optimizer.zero_grad()
        loss(model(train[0][batch]), train[1][batch]).backward()
        optimizer.step()
    watch.epoch()
watch.end()

print(f"verdict: {watch.diagnosis().verdict}, root cause: {watch.diagnosis().root_cause}")
