"""A Watch in the trainer of Transformers, on a model that is made from its configuration."""

import numpy as np
import pytest
import torch
import transformers
from torch.utils.data import Dataset

from gradlab.torch.transformers import Watch
from gradlab.watch import WatchWarning
from tests.frameworks.torch.test_watch import history_of, metric

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")


class Sequences(Dataset):
    """Sequences of symbols whose class is their first symbol's half."""

    def __len__(self):
        return 48

    def __getitem__(self, place):
        generator = torch.Generator().manual_seed(place)
        symbols = torch.randint(20, (6,), generator=generator)
        return {"input_ids": symbols, "labels": (symbols[0] >= 10).long()}


def train(folder, *callbacks, **named):
    transformers.set_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=20, max_position_embeddings=8, num_labels=2, **sizes)
    model = transformers.BertForSequenceClassification(config)
    args = transformers.TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=8, num_train_epochs=2, report_to=[], use_cpu=True,
        save_strategy="no", disable_tqdm=True, logging_strategy="no", learning_rate=1e-3, seed=0, **named,
    )  # fmt: skip
    transformers.Trainer(model=model, args=args, train_dataset=Sequences(), callbacks=[*callbacks]).train()
    return model


def test_a_model_from_its_configuration_is_recorded_under_its_own_names(tmp_path):
    watch = Watch(report_at_end=False)
    train(tmp_path, watch, max_grad_norm=0.1, gradient_accumulation_steps=2)
    spec, history = watch.watch.spec, history_of(watch.watch)
    names = [layer.name for layer in spec.layers]
    assert "bert.encoder.layer.1.attention.self.query" in names
    assert names[-1] == "classifier"
    assert (spec.epochs, history.last_epoch) == (2, 2)
    assert metric(watch.watch, "clipped_gradient_norm")[1] == pytest.approx(0.1, rel=1e-3)
    assert np.isfinite(metric(watch.watch, "loss")).all()
    assert {each.batches for each in watch.watch.recorder.runs()[0].wiring.tensors.values()} == {6}
    layout = history.layout["signals"]
    rms = history.series["signals"][-1, :, layout.columns.index("rms")]
    measured = {tensor.layer for tensor, value in zip(layout.tensors, rms, strict=True) if np.isfinite(value)}
    assert "bert.encoder.layer.0.intermediate.dense" in measured


def test_observing_changes_no_bit_of_the_training(tmp_path):
    plain, observed = train(tmp_path), train(tmp_path, Watch(report_at_end=False, record="full"))
    for one, other in zip(plain.parameters(), observed.parameters(), strict=True):
        assert torch.equal(one, other)


class Inner(transformers.TrainerCallback):
    """Trains another model with the same Watch, before the second epoch of the first."""

    def __init__(self, folder, watch):
        self.folder, self.watch, self.has_trained = folder, watch, False

    def on_epoch_begin(self, args, state, control, **named):
        if not self.has_trained and state.epoch >= 1:
            self.has_trained = True
            train(self.folder, self.watch)


def test_of_two_trainers_at_once_the_first_is_watched_and_the_other_told(tmp_path):
    watch = Watch(report_at_end=False)
    inner = Inner(tmp_path / "inner", watch)
    with pytest.warns(WatchWarning, match="a Watch watches one model at a time") as warned:
        model = train(tmp_path, watch, inner)
    assert len([each for each in warned if issubclass(each.category, WatchWarning)]) == 1
    assert inner.has_trained
    assert history_of(watch.watch).last_epoch == 2
    last = history_of(watch.watch).series["weights"][-1]
    layout = history_of(watch.watch).layout["weights"]
    place = [(each.layer, each.parameter) for each in layout.tensors].index(("classifier", "weight"))
    norm = float(torch.linalg.vector_norm(model.classifier.weight))
    assert last[place, layout.columns.index("l2")] == pytest.approx(norm, rel=1e-5)
