"""Examples of the rules on wiring: loops by hand, each with one mistake."""

from collections.abc import Sequence
from typing import Any

from bench.atlas.example import Example
from bench.atlas.loops import BATCH, FEATURES, SAMPLES, UNITS, by
from bench.atlas.pictures import as_curves

HIDDEN = {
    "name": "hidden", "class_name": "Linear", "output_shape": [UNITS], "activation": "tanh",
    "parameters": [{"name": "kernel", "shape": [FEATURES, UNITS]}, {"name": "bias", "shape": [UNITS]}],
}  # fmt: skip
DROPOUT, NORM = {"name": "dropout", "class_name": "Dropout"}, {"name": "norm", "class_name": "BatchNorm1d"}


def external(
    name: str, *between: dict[str, Any], classes: int = 2, samples: int = SAMPLES, epochs: int = 40,
    hidden: dict[str, Any] = HIDDEN,
) -> dict[str, Any]:  # fmt: skip
    """Return the description of a loop with a hidden layer and one output."""
    output = {
        "name": "output", "class_name": "Linear", "output_shape": [1],
        "activation": "sigmoid" if classes else "linear",
        "parameters": [{"name": "kernel", "shape": [UNITS, 1]}, {"name": "bias", "shape": [1]}],
    }  # fmt: skip
    score = "accuracy" if classes else "r2_score"
    target = {"kind": "classes", "count": classes} if classes else {"kind": "values", "count": 1}
    return {
        "source": "external", "name": name, "layers": [hidden, *between, output], "record": {"gradients": 0},
        "metrics": ["loss", score, "val_loss", f"val_{score}"], "epochs": epochs, "seeds": [0, 1, 2],
        "loss": {"kind": "binary_crossentropy" if classes else "mean_squared_error"}, "target": target,
        "batch_size": BATCH, "train_count": samples, "val_count": SAMPLES,
    }  # fmt: skip


def example(rule: str, made: str, seen: str, fields: dict[str, Any], **mistakes: Any) -> Example:
    """Return an example whose loop makes these mistakes."""
    return Example(rule, made, seen, fields, as_curves, by(**mistakes))


OF_THE_WIRING: Sequence[Example] = (
    example(
        "broadcast_target",
        "A regression whose outputs have the shape (N, 1) and whose targets have (N,).",
        "The loss ends at the variance of the targets, and R² near 0: the network gives the mean to every input.",
        external("(N, 1) against (N,)", classes=0), classes=0, flat_targets=True, rate=0.1,
    ),
    example(
        "target_encoding",
        "Three classes, 0, 1 and 2, and one sigmoid unit with the binary cross-entropy.",
        "The loss falls below 0, and has no end there.",
        external("three classes and one sigmoid", classes=3), classes=3,
    ),
    example(
        "masked_inputs",
        "Two classes, and a mask that removes every input.",
        "Loss and accuracy are those of a constant answer in every epoch.",
        external("everything masked"), kept=0.0,
    ),
    example(
        "ordered_batches",
        "Two classes, whose samples are passed in order of class in every epoch.",
        "The first epoch ends above the loss of a constant answer: the network has just been taught the second class.",
        external("in order of class"), shuffles=False, rate=2.0,
    ),
    example(
        "validation_scale",
        "Two classes; the training inputs are divided by 255, the validation inputs are not.",
        "The training loss falls. The validation loss is that of inputs of a size that the network never met.",
        external("inputs divided by 255, but not the validation's"), val_factor=255.0,
    ),
    example(
        "inference_mode",
        "Forty-eight samples with noisy classes, half of the units dropped; but the network runs in inference mode.",
        "Nothing is dropped: the loss on the training samples goes on falling, and leaves the other behind.",
        external("dropout in inference mode", DROPOUT, samples=48, epochs=120),
        samples=48, dropout=0.5, trains=False, rate=2.0,
    ),
    example(
        "frozen_normalization",
        "Weights with a standard deviation of 30 before a batch normalisation that is frozen with mean 0 and "
        "variance 1.",
        "It normalises nothing: the tanh behind it stays saturated, and what is learnt is learnt by the output layer.",
        external("a frozen normalisation", NORM), norm=True, gain=30.0,
    ),
    example(
        "skipped_updates",
        "A loop in float16 with a loss scaler, inputs of about 10,000,000, and first weights of about 1/10,000,000.",
        "The gradient of the first weights does not fit float16, whatever the scale: every update is skipped.",
        external("float16 and large inputs"), half=True, features=1e7, gain=1e-7,
    ),
    example(
        "unchanged_weights",
        "An optimiser that was given the output layer's parameters alone.",
        "The output learns from what sixteen random units give it; the hidden layer stays as it was drawn.",
        external("the hidden layer not in the optimiser"), steps_hidden=False,
    ),
    example(
        "unzeroed_gradients",
        "Gradients that are never zeroed: each update follows the sum of all batches so far.",
        "Loss and accuracy swing up and down, and do not settle.",
        external("gradients never zeroed"), zeroes=False, rate=0.01,
    ),
)  # fmt: skip
