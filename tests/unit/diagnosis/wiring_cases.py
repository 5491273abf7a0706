"""Wiring of trainings elsewhere, sick and healthy, by the rule that is asked."""

from typing import Any

import numpy as np

from gradlab.diagnosis import ExternalRun, Sighting
from gradlab.diagnosis.rules import RULES
from gradlab.diagnosis.rules.unzeroed_gradients import KEPT
from gradlab.facts import Wiring
from gradlab.measurement.history import History
from gradlab.spec import ExternalSpec
from tests.builders import an_external_spec

EPOCHS = 8
BY_NAME = {rule.name: rule for rule in RULES}
# Layers that differ in training, added before the output.
DROPOUT = {"name": "drop", "class_name": "Dropout"}
NORM = {
    "name": "norm",
    "class_name": "BatchNorm1d",
    "parameters": [{"name": "weight", "shape": [3]}, {"name": "bias", "shape": [3]}],
}
OK = {"batches": 40, "missing": 0, "zero": 0, "in_optimizer": True, "frozen": False, "changed": True}
PATHS = ("dense_1/kernel", "dense_1/bias", "dense_2/kernel", "dense_2/bias")
HEALTHY: dict[str, Any] = {
    "first_steps": {"loss": [0.7] * 20, "gradient_norm": [0.3] * 20, "nonfinite": [0] * 20},
    "tensors": dict.fromkeys(PATHS, OK),
    "gradient_growth": {"ratio": 1.0, "cosine": 0.5},
    "training_mode": {"drop": 1.0, "norm": 1.0},
    "output_shape": [32, 1],
    "target_shape": [32, 1],
    "target_form": "indices",
    "target_range": [0.0, 1.0],
    "loss_takes": "probabilities",
    "output_is": "probabilities",
    "batches_repeat": False,
    "batch_class_shares": {"batch": 0.6, "all": 0.5},
    "loss_scale": {"steps": 1000, "skipped": 12},
    "masked_share": {"dense_1": 0.7},
    "input_scale": {"train_mean": 0.1, "train_std": 1.0, "val_mean": 0.0, "val_std": 1.1},
}
SPEC: dict[str, Any] = {
    "loss": {"kind": "binary_crossentropy"},
    "batch_size": 32,
    "train_count": 320,
    "val_count": 80,
    "framework": "torch",
    "target": {"kind": "classes", "count": 2},
}


def a_spec(*layers: dict[str, Any], **more: Any) -> ExternalSpec:
    """A tanh layer and a sigmoid output, with other layers between them."""
    first, last = (layer.model_dump(mode="json") for layer in an_external_spec().layers)
    listed = [{**first, "activation": "tanh"}, *layers, {**last, "activation": "sigmoid"}]
    fields = {"source": "external", "name": "elsewhere", "metrics": ["loss", "learning_rate"], "seeds": [0]}
    record = {"gradients": 0}
    return ExternalSpec.model_validate({**fields, "epochs": EPOCHS, "record": record, "layers": listed, **SPEC, **more})


def wired(spec: ExternalSpec, wiring: Any, rate: float = 0.1, loss: Any = 0.5, epochs: int = EPOCHS) -> ExternalRun:
    """Eight epochs, the wiring given as JSON values."""
    metrics = np.stack([np.broadcast_to(each, epochs) for each in (loss, rate)], axis=1).astype(np.float32)
    sent = None if wiring is None else Wiring.model_validate(wiring)
    return ExternalRun(spec, 0, History(spec.layout, 1, metrics, {}), wiring=sent)


def sighted(rule: str, *layers: Any, rate: float = 0.1, spec: Any = None, **wiring: Any) -> Sighting | None:
    """The sighting of a rule, of the healthy wiring with these changes."""
    return BY_NAME[rule](wired(a_spec(*layers, **(spec or {})), {**HEALTHY, **wiring}, rate))


def tensors(**changes: dict[str, Any]) -> dict[str, Any]:
    """The healthy tensors, those of dense_1 or dense_2 changed."""
    return {path: {**OK, **changes.get(path.partition("/")[0], {})} for path in PATHS}


DETACHED, ZERO = {"missing": 40}, {"zero": 40}


def every(**change: Any) -> dict[str, Any]:
    """All tensors changed alike."""
    return tensors(dense_1=change, dense_2=change)


def growing(slope: float, *, start: float = 0.1, steps: int = 20) -> dict[str, Any]:
    """The norms of the first steps, rising by `slope` a step."""
    norms = [start + slope * step for step in range(steps)]
    return {"loss": [], "gradient_norm": norms, "nonfinite": []}


SUMMED = {"gradient_growth": {"ratio": 1.08, "cosine": 0.97}}
STEEP = growing(0.1)
SCALE = HEALTHY["input_scale"]
MSE = {"loss": {"kind": "mean_squared_error"}, "target": {"kind": "values", "count": 1}}
SPARSE: dict[str, Any] = {
    "spec": {"loss": {"kind": "sparse_categorical_crossentropy"}, "framework": "keras"},
    "output_shape": [32, 3], "target_shape": [32], "target_range": [0.0, 2.0],
}  # fmt: skip
SICK: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "every output against every target": (
        "broadcast_target", (), {"spec": MSE, "output_shape": [32, 1], "target_shape": [32]},
    ),
    "of an unknown batch, too": (
        "broadcast_target", (),
        {"spec": {**MSE, "batch_size": None}, "output_shape": [None, 1], "target_shape": [None]},
    ),
    "one target for five outputs": (
        "broadcast_target", (), {"spec": MSE, "output_shape": [32, 5], "target_shape": [32, 1]},
    ),
    "in Keras, where no last axis of 1 explains it": (
        "broadcast_target", (),
        {"spec": {**MSE, "framework": "keras"}, "output_shape": [32, 5], "target_shape": [32, 1]},
    ),
    "class indices for rows": (
        "target_encoding", (),
        {"spec": {"loss": {"kind": "kl_divergence"}}, "output_shape": [32, 3], "target_shape": [32]},
    ),
    "rows for class indices": (
        "target_encoding", (),
        {
            "spec": {"loss": {"kind": "sparse_categorical_crossentropy"}, "framework": "keras"},
            "target_form": "one_hot", "output_shape": [32, 3], "target_shape": [32, 3],
        },
    ),
    "labels divided by 255": (
        "target_encoding", (), {**SPARSE, "target_form": "values", "target_range": [0.0, 9 / 255]},
    ),
    "classes counted from 1": ("target_encoding", (), {**SPARSE, "target_range": [1.0, 3.0]}),
    "three classes for one sigmoid": ("target_encoding", (), {"target_range": [0.0, 2.0]}),
    "targets of -1 and 1": ("target_encoding", (), {"target_range": [-1.0, 1.0], "target_form": "values"}),
    "all masked": ("masked_inputs", (), {"masked_share": {"dense_2": 1.0}}),
    "in order of class": ("ordered_batches", (), {"batch_class_shares": {"batch": 1.0, "all": 0.5}}),
    "the same batch again": ("ordered_batches", (), {"batches_repeat": True}),
    "validation inputs divided by 255": (
        "validation_scale", (), {"input_scale": {**SCALE, "val_mean": 0.0, "val_std": 1 / 255}},
    ),
    "validation inputs shifted": ("validation_scale", (), {"input_scale": {**SCALE, "val_mean": 1.2}}),
    "no dropout while training": ("inference_mode", (DROPOUT, NORM), {"training_mode": {"drop": 0.0, "norm": 0.0}}),
    "eval after the first of two epochs": ("inference_mode", (DROPOUT,), {"training_mode": 0.5}),
    "a model of batch normalisations in inference mode": ("inference_mode", (NORM,), {"training_mode": {"norm": 0.0}}),
    "one frozen normalisation": (
        "frozen_normalization", (DROPOUT, NORM), {"training_mode": {"drop": 1.0, "norm": 0.0}},
    ),
    "a frozen normalisation whose tensors are frozen": (
        "frozen_normalization", (NORM,),
        {"training_mode": {"norm": 0.0}, "tensors": {**HEALTHY["tensors"], "norm/weight": {"frozen": True}}},
    ),
    "a normalisation of one sample": (
        "single_value_normalization", ({**NORM, "normalized_values": 1},),
        {"spec": {"batch_size": None}, "output_shape": [1, 1]},
    ),
    "most updates skipped": ("skipped_updates", (), {"loss_scale": {"steps": 40, "skipped": 30}}),
    "not in the optimiser": (
        "unchanged_weights", (), {"tensors": tensors(dense_1={"in_optimizer": False, "changed": False})},
    ),
    "not in the optimiser, and nothing more is known": (
        "unchanged_weights", (), {"tensors": tensors(dense_1={"in_optimizer": False, "changed": None})},
    ),
    "a learning rate of 0": ("unchanged_weights", (), {"tensors": every(changed=False), "rate": 0.0}),
    "no step": ("unchanged_weights", (), {"tensors": every(changed=False)}),
    "gradients kept": ("unzeroed_gradients", (), {"kept_gradients": 1.0}),
    "gradients that grow like a sum": ("unzeroed_gradients", (), {**SUMMED, "first_steps": STEEP}),
    "detached": ("no_gradient", (), {"tensors": tensors(dense_1=DETACHED)}),
    "frozen": ("no_gradient", (), {"tensors": tensors(dense_1={"frozen": True})}),
    "exactly 0": ("zero_gradient", (), {"tensors": tensors(dense_1=ZERO)}),
    "softmax before a loss on logits": ("output_mismatch", (), {"loss_takes": "logits"}),
    "logits before a loss on probabilities": (
        "output_mismatch", (), {"spec": {"framework": None, "loss": {"kind": "own"}}, "output_is": "logits"},
    ),
}  # fmt: skip
FINE: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "equal shapes": ("broadcast_target", (), {"spec": MSE}),
    "shapes that Keras makes alike": (
        "broadcast_target", (), {"spec": {**MSE, "framework": "keras"}, "output_shape": [32, 1], "target_shape": [32]},
    ),
    "a batch of one sample": (
        "broadcast_target", (), {"spec": {**MSE, "batch_size": 1}, "output_shape": [1, 1], "target_shape": [1]},
    ),
    "an axis of unknown size": (
        "broadcast_target", (), {"spec": MSE, "output_shape": [32, None, 5], "target_shape": [32, 9, 5]},
    ),
    "shapes that do not fit at all": (
        "broadcast_target", (), {"spec": MSE, "output_shape": [32, 4], "target_shape": [32, 5]},
    ),
    "indices of classes": ("broadcast_target", (), {"output_shape": [32, 7], "target_shape": [32]}),
    "quantiles with a loss of one's own": (
        "broadcast_target", (),
        {"spec": {"loss": {"kind": "pinball"}}, "output_shape": [32, 5], "target_shape": [32, 1]},
    ),
    "indices for a sparse loss": (
        "target_encoding", (), {"spec": {"loss": {"kind": "sparse_categorical_crossentropy"}}, "output_shape": [32, 3]},
    ),
    "a class to ignore": ("target_encoding", (), {**SPARSE, "target_form": "values", "target_range": [-1.0, 2.0]}),
    "a map of classes": (
        "target_encoding", (),
        {**SPARSE, "output_shape": [32, 8, 8, 3], "target_shape": [32, 8, 8], "target_range": [0.0, 255.0]},
    ),
    "rows for PyTorch's cross-entropy": (
        "target_encoding", (),
        {
            "spec": {"loss": {"kind": "sparse_categorical_crossentropy"}}, "target_form": "one_hot",
            "output_shape": [32, 3], "target_shape": [32, 3],
        },
    ),
    "two classes": ("target_encoding", (), {}),
    "padding": ("masked_inputs", (), {"masked_share": {"dense_1": 0.99}}),
    "one class in a batch of four": (
        "ordered_batches", (), {"spec": {"batch_size": 4}, "batch_class_shares": {"batch": 1.0, "all": 0.5}},
    ),
    "one batch an epoch": (
        "ordered_batches", (), {"spec": {"train_count": 32}, "batches_repeat": True, "batch_class_shares": None},
    ),
    "classes mixed by half": ("ordered_batches", (), {"batch_class_shares": {"batch": 0.7, "all": 0.5}}),
    "few validation samples": (
        "validation_scale", (), {"spec": {"val_count": 9}, "input_scale": {**SCALE, "val_std": 9.0}},
    ),
    "no validation samples": ("validation_scale", (), {"spec": {"val_count": 0}, "input_scale": None}),
    "training mode": ("inference_mode", (DROPOUT, NORM), {}),
    "a network without two modes": ("inference_mode", (), {"training_mode": 0.0}),
    "a normalisation frozen on purpose": (
        "inference_mode", (NORM,),
        {"training_mode": {"norm": 0.0}, "tensors": {**HEALTHY["tensors"], "norm/weight": {"frozen": True}}},
    ),
    "dropout in training mode beside a frozen normalisation": (
        "inference_mode", (DROPOUT, NORM), {"training_mode": {"drop": 1.0, "norm": 0.0}},
    ),
    "a normalisation frozen with all before it": (
        "frozen_normalization", (DROPOUT, NORM),
        {"training_mode": {"drop": 1.0, "norm": 0.0}, "tensors": tensors(dense_1={"frozen": True})},
    ),
    "model.eval()": ("frozen_normalization", (DROPOUT, NORM), {"training_mode": 0.0}),
    "a scaler that seeks its scale": ("skipped_updates", (), {"loss_scale": {"steps": 16, "skipped": 16}}),
    "no scaler": ("skipped_updates", (), {"loss_scale": None}),
    "gradients too small for a weight's number format": (
        "unchanged_weights", (), {"tensors": tensors(dense_1={"changed": False})},
    ),
    "two batches": ("unchanged_weights", (), {"tensors": every(changed=False, batches=2)}),
    "frozen is not forgotten": ("unchanged_weights", (), {"tensors": every(changed=False, frozen=True)}),
    "another optimiser moves it": (
        "unchanged_weights", (), {"tensors": tensors(dense_1={"in_optimizer": False, "changed": True})},
    ),
    "no gradient": ("unchanged_weights", (), {"tensors": tensors(dense_1={"missing": 40, "changed": False})}),
    "gradients zeroed": ("unzeroed_gradients", (), {"kept_gradients": KEPT, **SUMMED, "first_steps": STEEP}),
    "gradients of a full batch": (
        "unzeroed_gradients", (), {"gradient_growth": {"ratio": 0.98, "cosine": 0.999}, "first_steps": STEEP},
    ),
    "gradients that hardly grow": ("unzeroed_gradients", (), {**SUMMED, "first_steps": growing(0.01)}),
    "few steps": ("unzeroed_gradients", (), {**SUMMED, "first_steps": growing(0.5, steps=9)}),
    "gradients": ("no_gradient", (), {}),
    "missing in some batches": ("no_gradient", (), {"tensors": tensors(dense_1={"missing": 39})}),
    "0 in some batches": ("zero_gradient", (), {"tensors": tensors(dense_1={"zero": 39})}),
    "a sigmoid for probabilities": ("output_mismatch", (), {}),
    "what PyTorch's loss on probabilities has taken": ("output_mismatch", (), {"output_is": "logits"}),
    "logits for a loss that is known by the wiring alone": (
        "output_mismatch", (), {"spec": {"loss": {"kind": "own"}}, "output_is": "logits", "loss_takes": "logits"},
    ),
    "a batch of many": ("single_value_normalization", ({**NORM, "normalized_values": 1},), {}),
}  # fmt: skip
