"""Masks that remove everything are seen in PyTorch's attention, in its functions, and in models of Transformers."""

import pytest
import torch
import transformers
from torch import nn

from gradlab.torch import Watch


class Attending(nn.Module):
    """Attention over four steps, by one of PyTorch's ways to say a mask."""

    def __init__(self, way):
        super().__init__()
        self.way, self.into, self.out = way, nn.Linear(3, 8), nn.Linear(8, 1)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True) if way == "module" else None

    def forward(self, x, is_padding):
        h = torch.tanh(self.into(x))
        if self.way == "module":
            h = self.attention(h, h, h, key_padding_mask=is_padding)[0]
        elif self.way == "function":
            h = nn.functional.scaled_dot_product_attention(h, h, h, attn_mask=~is_padding[:, None])
        else:
            scores = (h @ h.transpose(1, 2)).masked_fill(is_padding[:, None], -1e9)
            h = scores.softmax(dim=-1) @ h
        return self.out(h.mean(dim=1))


def diagnosed(way, is_padding):
    torch.manual_seed(0)
    x, y = torch.randn(64, 4, 3), torch.randn(64, 1)
    model, loss = Attending(way), nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters())
    watch = Watch(model, loss=loss, optimizer=optimizer, data=((x, is_padding), y), report_at_end=False)
    for _ in range(2):
        optimizer.zero_grad()
        loss(model(x, is_padding), y).backward()
        optimizer.step()
        watch.epoch()
    watch.end()
    return watch.recorder.runs()[0].wiring.masked_share, {each.rule for each in watch.diagnosis().findings}


@pytest.mark.parametrize(
    ("way", "layer"), [("module", "attention"), ("function", "Attending"), ("scores", "Attending")]
)
@pytest.mark.filterwarnings("ignore:the loss is")
def test_a_mask_with_the_opposite_meaning_is_named(way, layer):
    is_padding = torch.zeros(64, 4, dtype=torch.bool)
    is_padding[:, 3] = True
    shares, rules = diagnosed(way, is_padding)
    assert shares == {layer: pytest.approx(0.25)}
    assert "masked_inputs" not in rules
    shares, rules = diagnosed(way, torch.ones(64, 4, dtype=torch.bool))
    assert shares == {layer: pytest.approx(1.0)}
    assert "masked_inputs" in rules


def test_the_attention_mask_of_transformers_is_read():
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=2
    )
    torch.manual_seed(0)
    model = transformers.BertForSequenceClassification(config)
    ids = torch.randint(1, 20, (16, 6))
    keeps = torch.ones_like(ids)
    keeps[:, 3:] = 0
    batch = {"input_ids": ids, "attention_mask": keeps, "labels": torch.randint(0, 2, (16,))}
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    watch = Watch(model, optimizer=optimizer, data=batch, report_at_end=False)
    model(**batch).loss.backward()
    optimizer.step()
    watch.epoch()
    watch.end()
    shares = watch.recorder.runs()[0].wiring.masked_share
    assert shares["bert"] == pytest.approx(0.5)
    assert shares["BertForSequenceClassification"] == pytest.approx(0.5)
