"""ExternalSpec of a Keras training: its layers, optimiser, loss and target, in the service's vocabulary."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import tree

from gradlab.facts import Facts, of_external
from gradlab.facts.elsewhere import classes_of, last_activation, of_outputs
from gradlab.keras.backends import backend
from gradlab.keras.configuration import optimizer_spec
from gradlab.keras.described import loss_by_name, loss_of, none_if_raises
from gradlab.keras.guard import unnoticed
from gradlab.keras.naming import layers_of
from gradlab.keras.outputs import by_output, inputs_by_name, outputs_of
from gradlab.keras.samples import Samples
from gradlab.spec import ExternalSpec
from gradlab.spec.external import ExternalLayer, ExternalLoss, ExternalOutput, ExternalTarget
from gradlab.watch import without_an_end

REGRESSIONS = {
    "mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error", "poisson",
}  # fmt: skip
CATEGORICAL = {"categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence", "categorical_hinge"}
BINARY = {"binary_crossentropy", "binary_focal_crossentropy", "hinge", "squared_hinge"}
# Other names of the same losses.
ALIASES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
           "msle": "mean_squared_logarithmic_error", "kld": "kl_divergence", "bce": "binary_crossentropy"}  # fmt: skip


def spec_of(
    model: Any,
    *,
    name: str,
    intervals: Mapping[str, int],
    every: int | None,
    epochs: int,
    initial_epoch: int,
    loss: ExternalLoss | None,
    optimizer: Any,
    samples: Samples | None,
    validation: Samples | None,
    batch_size: int | None,
    steps_per_epoch: int | None,
    gradients_every: int | None = None,
) -> ExternalSpec:
    """Return the description of a training of a built model. Its metrics are added with the first records."""
    layers = layers_of(model)
    planned = epochs
    if every is not None:
        steps = 1 if steps_per_epoch is None else (epochs - initial_epoch) * steps_per_epoch
        planned, initial_epoch = max(1, -(-steps // every)), 0
    spec = ExternalSpec(
        source="external",
        name=name,
        layers=tuple(layers),
        record=_recordable(intervals, layers),
        epochs=max(planned, initial_epoch + 1),
        initial_epoch=initial_epoch,
        loss=loss,
        optimizer=none_if_raises(optimizer_spec, optimizer),
        optimizer_class=type(optimizer).__name__ if optimizer is not None else None,
        target=None if samples is None or loss is None else none_if_raises(target_of, loss, samples, layers),
        outputs=none_if_raises(_outputs_of, model, layers, samples) or (),
        train_count=None if samples is None else samples.count,
        val_count=None if validation is None else validation.count,
        axis="epoch" if every is None else "step",
        every_steps=every,
        gradients_every=gradients_every,
        framework="keras",
        batch_size=batch_size,
        steps_per_epoch=steps_per_epoch,
        versions={"keras": keras.__version__, **backend.VERSIONS},
    )
    return without_an_end(spec) if every is not None and steps_per_epoch is None else spec


def _outputs_of(model: Any, layers: list[ExternalLayer], samples: Samples | None) -> tuple[ExternalOutput, ...]:
    outputs = outputs_of(model, layers, samples, target_of)
    return tuple(each.model_copy(update={"loss": _by_own_name(each.loss)}) for each in outputs)


def _recordable(intervals: Mapping[str, int], layers: list[ExternalLayer]) -> Any:
    """Return the intervals, 0 for activations and signals where no layer's output has a known shape."""
    from gradlab.spec.external import ExternalRecord

    chosen = dict(intervals)
    if all(layer.measured().flow is None for layer in layers):
        chosen |= {"activations": 0, "signals": 0}
    return ExternalRecord(**chosen)


def target_of(loss: ExternalLoss, samples: Samples, layers: list[ExternalLayer]) -> ExternalTarget | None:
    """Return the form of the targets, from the loss and the shape of the answers; None for another loss or several."""
    if len(tree.flatten(samples.y)) != 1:
        return None
    (y,) = tree.flatten(samples.y)
    kind = ALIASES.get(loss.kind, loss.kind)
    last = y.shape[-1] if y.ndim > 1 else 1
    steps = tuple(int(size) for size in y.shape[1:-1])[:1]
    if kind.startswith("sparse_"):
        units = next((each.output_shape[-1] for each in reversed(layers) if each.output_shape), None)
        inner = y.shape[1:-1] if y.ndim > 1 and last == 1 else y.shape[1:]
        count = units or int(np.max(y)) + 1
        return ExternalTarget(kind="classes", count=count, steps=tuple(int(size) for size in inner)[:1])
    if kind in CATEGORICAL and last > 1:
        return ExternalTarget(kind="classes", count=int(last), steps=steps)
    if kind in BINARY:
        if last == 1:
            return ExternalTarget(kind="classes", count=2, steps=steps)
        return ExternalTarget(kind="labels", count=int(last), steps=steps)
    if kind not in REGRESSIONS:
        return None
    classes = classes_of(y, last_activation(layers))
    if classes is not None:
        return ExternalTarget(kind=classes.kind, count=classes.count)
    return ExternalTarget(kind="values", count=int(last), steps=steps)


def facts_of(spec: ExternalSpec, samples: Samples, validation: Samples | None, model: Any = None) -> Facts:
    """Return what rules need to know of the samples. Targets of several outputs without names are left out.

    Args:
        spec: the training's description.
        samples: the training samples.
        validation: the validation samples; None without any.
        model: the model, whose inputs have names; None if it is not there.
    """
    x, y = samples.first(len(samples))
    val_x, val_y = (None, None) if validation is None else (validation.x, validation.y)
    if spec.outputs:
        names = [each.name for each in spec.outputs]
        parts = [None if part is None else inputs_by_name(part, model) for part in (x, val_x)]
        own = [None if part is None else by_output(part, names) for part in (y, val_y)]
        with unnoticed():
            return of_outputs(spec, parts[0] or {}, own[0] or {}, parts[1], own[1])
    if len(tree.flatten(y)) != 1:
        y, val_y = None, None
    targets = [None if part is None else tree.flatten(part)[0] for part in (y, val_y)]
    with unnoticed():
        return of_external(spec, x, targets[0], val_x, targets[1])


def loss_function_of(model: Any) -> Callable[[Any, Any, Any], Any] | None:
    """Return (x, y, prediction) -> the mean loss, as a compiled model computes it; None if it has none."""
    overrides = type(model).compute_loss is not keras.Model.compute_loss
    if getattr(model, "_compile_loss", None) is None and not overrides:
        return None
    return lambda x, y, prediction: model._compute_loss(x=x, y=y, y_pred=prediction, sample_weight=None, training=False)


def sums_samples(loss: Any) -> bool:
    """True if a loss is the sum over the samples of a batch, not their mean."""
    return any(getattr(each, "reduction", None) == "sum" for each in tree.flatten(loss) if each is not None)


def described_loss(model: Any) -> ExternalLoss | None:
    """Return the loss that a model was compiled with, by the name that the service has for it."""
    return _by_own_name(none_if_raises(loss_of, model))


def named_loss(function: Any) -> ExternalLoss | None:
    """Return a loss of Keras, or a function, by the name that the service has for it."""
    return _by_own_name(none_if_raises(loss_by_name, function))


def _by_own_name(loss: ExternalLoss | None) -> ExternalLoss | None:
    return loss and loss.model_copy(update={"kind": ALIASES.get(loss.kind, loss.kind)})
