"""A network that did not train, as its author's PyTorch loop: a softmax before a loss that takes logits.

PyTorch applies the second softmax, where Keras undoes the first. With the rate of the report the loss stays far above
what the answers would allow. Logits and a usual rate cure it.
"""

import torch
from torch import nn

from gradlab.diagnosis import Diagnosis
from gradlab.torch import Watch
from gradlab.vocabulary.datasets.digits import Digits

EPOCHS = 10
torch.set_num_threads(1)


def diagnosed(*, cured: bool) -> Diagnosis:
    digits = Digits(scale=(0, 1), train_size=1200).load()
    x, labels = torch.as_tensor(digits.train_x).float(), torch.as_tensor(digits.train_y).long()
    torch.manual_seed(0)
    layers = [nn.Linear(64, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
    model, loss = nn.Sequential(*layers, *([] if cured else [nn.Softmax(dim=1)])), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), 0.001 if cured else 0.03)
    watch = Watch(model, loss=loss, optimizer=optimizer, data=(x, labels), epochs=EPOCHS, report_at_end=False)
    for _ in range(EPOCHS):
        for places in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss(model(x[places]), labels[places]).backward()
            optimizer.step()
        watch.epoch()
    watch.end()
    return watch.diagnosis()


def test_a_second_softmax_is_the_root_cause():
    diagnosis = diagnosed(cured=False)
    assert str(diagnosis.verdict) in ("at risk", "ill")  # it learns, slowly
    assert diagnosis.root_cause == "output_mismatch"
    (finding,) = [each for each in diagnosis.findings if each.rule == "output_mismatch"]
    assert "softmax" in finding.explanation


def test_logits_and_a_usual_rate_are_healthy():
    diagnosis = diagnosed(cured=True)
    assert (str(diagnosis.verdict), diagnosis.root_cause) == ("healthy", None)


def test_a_squared_error_of_yes_and_no_is_a_loss_for_values_on_classes():
    """The answers are 0 or 1 behind a sigmoid: the targets are classes, and the loss is named."""
    torch.manual_seed(0)
    x = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    y = (x.sum(dim=1, keepdim=True) == 1).float()
    model = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1), nn.Sigmoid())
    loss, optimizer = nn.MSELoss(), torch.optim.SGD(model.parameters(), 0.05)
    watch = Watch(model, loss=loss, optimizer=optimizer, data=(x, y), epochs=20, report_at_end=False)
    for _ in range(20):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
        watch.epoch()
    watch.end()
    diagnosis = watch.diagnosis()
    assert watch.recorder.spec.target.kind == "classes"
    assert str(diagnosis.verdict) == "ill"
    assert {"unsuited_loss", "learning_rate"} <= {each.rule for each in diagnosis.findings}
