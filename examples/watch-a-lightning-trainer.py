"""A Lightning training of your own, diagnosed in your own process: one callback more, and no service.

python examples/watch-a-lightning-trainer.py
"""

import lightning.pytorch as lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gradlab.torch.lightning import Watch


class Classifier(lightning.LightningModule):
    """Five tanh layers whose weights are all drawn positive: it will not learn, and the diagnosis says why."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (2, 5, 5, 5, 5):
            layers += [nn.Linear(inputs, 5), nn.Tanh()]
        self.network, self.loss = nn.Sequential(*layers, nn.Linear(5, 1)), nn.BCEWithLogitsLoss()
        for name, tensor in self.network.named_parameters():
            if name.endswith("weight"):
                nn.init.uniform_(tensor, 0, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x)

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        return self.loss(self(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01, momentum=0.9)


lightning.seed_everything(1)
x = torch.randn(512, 2)
y = (x.square().sum(dim=1, keepdim=True) > 1.4).float()
loader = DataLoader(TensorDataset(x[:384], y[:384]), batch_size=32, shuffle=True)

watch = Watch(validation_data=(x[384:], y[384:]))
trainer = lightning.Trainer(
    max_epochs=60, accelerator="cpu", logger=False, enable_checkpointing=False, callbacks=[watch]
)
trainer.fit(Classifier(), loader)

print(f"verdict: {watch.diagnosis().verdict}, root cause: {watch.diagnosis().root_cause}")
