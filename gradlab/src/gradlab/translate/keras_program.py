"""A whole spec as a Keras program that runs: imports, network, `compile` and `fit`."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from gradlab.errors import Invalid, Problem
from gradlab.spec import ExperimentSpec
from gradlab.spec.ends import NetworkOutput
from gradlab.spec.network import NamedLayer, is_chain
from gradlab.translate.functional_code import functional_code, keras_names, made_layer
from gradlab.translate.keras_code import by_output_code, loss_code, optimizer_code
from gradlab.translate.preparation_code import preparation_code
from gradlab.translate.start_code import start_code
from gradlab.translate.target_code import Classes, target_code
from gradlab.vocabulary.layers import Shape
from gradlab.vocabulary.layers.attention import Heads
from gradlab.vocabulary.layers.blocks import Residual
from gradlab.vocabulary.layers.merging import Merging
from gradlab.vocabulary.losses import CategoricalGeneralizedCrossEntropy, LossFunction

# Metrics that Keras's `compile` does not take by the name that they have here.
METRICS = {
    "top_5_accuracy": "keras.metrics.TopKCategoricalAccuracy(k=5)",
    "precision": "keras.metrics.Precision()",
    "recall": "keras.metrics.Recall()",
    "f1_score": 'keras.metrics.F1Score(average="micro", threshold=0.5)',
    "root_mean_squared_error": "keras.metrics.RootMeanSquaredError()",
    "r2_score": "keras.metrics.R2Score()",
}
# Weights of classes that make each count the same in the loss.
BALANCED = """\
classes = y.argmax(axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else y.ravel().astype(int)
class_weight = {each: len(classes) / (len(set(classes)) * (classes == each).sum()) for each in set(classes)}
"""
CALLED = re.compile(r"(?<![\w.])([A-Z]\w*)\(")  # classes of layers that a piece of code calls by their own names


def keras_program(spec: ExperimentSpec, *, classes: Classes | Mapping[str, Classes | None] | None = None) -> str:
    """Return the Keras program of a spec. It takes ``x``, ``y``, ``x_val`` and ``y_val`` as NumPy arrays.

    Of several inputs or outputs they are dictionaries of arrays by the names of those. Where samples have weights, it
    takes ``sample_weight`` and ``sample_weight_val`` too. Targets of a built-in dataset are one-hot rows for several
    units. Those of an uploaded one are as they are in the file.

    Args:
        spec: the experiment.
        classes: how the file of an uploaded dataset has its classes, of several outputs by their names; None: as their
            names look.

    Raises:
        Invalid: its layers are pre-trained one by one, for which `fit` has no argument.
    """
    if spec.training.pretraining is not None:
        kind = spec.training.pretraining.kind
        raise Invalid(Problem("training.pretraining", "none: Keras's fit trains whole networks", kind))
    inputs = {entry.name: entry.shape for entry in spec.inputs}
    start = start_code(spec)
    ends = {output.name: output.layer.name for output in spec.outputs}
    network = network_code(inputs, spec.layers, ends, is_named=bool(start))
    prepared, targets = preparation_code(spec.dataset), []
    for output in spec.outputs:
        form = classes.get(output.name) if isinstance(classes, Mapping) else classes
        targets += target_code(spec.dataset, output.layer.output_shape[-1], form, output.name)
    numpy = ["import numpy as np"] if any("np." in block for block in (*prepared, *targets)) else []
    return "\n\n".join([*numpy, *prepared, network, *start, *targets, _compile(spec), _fit(spec)]) + "\n"


def network_code(
    inputs: Mapping[str, Shape], layers: Sequence[NamedLayer], outputs: Mapping[str, str], *, is_named: bool = False
) -> str:
    """Return the code that makes the Keras model ``model``.

    Args:
        inputs: the shape of each input by its name, without the batch axis.
        layers: all layers in the order of the forward pass, as `ExperimentSpec.layers` has them.
        outputs: the name of the layer that makes each output, by the output's name. Keras's model has these names if
            there are several.
        is_named: True to give each layer its name in the spec, by which its weights are set.
    """
    named = keras_names(layers, outputs, is_named=is_named)
    if len(inputs) == len(outputs) == 1 and is_chain(layers) and all(_is_plain(layer) for layer in layers):
        (shape,) = inputs.values()
        calls = [f"    {made_layer(layer, named.get(layer.name))},\n" for layer in layers]
        body = f"model = keras.Sequential([\n    keras.Input({shape}),\n{''.join(calls)}])"
    else:
        body = "\n".join(functional_code(inputs, layers, outputs, named))
    classes = sorted({*CALLED.findall(body)})
    return f"import keras\nfrom keras.layers import {', '.join(classes)}\n\n{body}"


def _is_plain(layer: NamedLayer) -> bool:
    """True for a layer that takes one tensor, and nothing else."""
    return not layer.inner and not isinstance(layer.spec, Merging | Heads | Residual)


def _compile(spec: ExperimentSpec) -> str:
    losses = {output.name: _loss(output.loss) for output in spec.outputs}
    metrics = {output.name: f"[{', '.join(map(metric_code(output), output.metric_names))}]" for output in spec.outputs}
    arguments = [
        f"optimizer={optimizer_code(spec.training.optimizer)}",
        f"loss={by_output_code(losses)}",
        f"metrics={by_output_code(metrics)}",
    ]
    if spec.training.loss_weights is not None:  # for which Keras wants all outputs
        arguments.insert(2, f"loss_weights={by_output_code({each.name: repr(each.weight) for each in spec.outputs})}")
    return f"model.compile(\n{_lines(arguments)})"


def metric_code(output: NetworkOutput) -> Callable[[str], str]:
    """Return the function from the names of an output's metrics to code."""
    names = {**METRICS, "one_hot_mean_io_u": f"keras.metrics.OneHotMeanIoU({output.target.count})"}
    names |= {"accuracy": '"binary_accuracy"'} if output.target.kind == "labels" else {}
    return lambda name: names.get(name, json.dumps(name))


def _loss(loss: LossFunction) -> str:
    if isinstance(loss, CategoricalGeneralizedCrossEntropy):  # which takes whole numbers in Keras
        return f"lambda y, p: keras.losses.{loss.kind}(keras.ops.argmax(y, axis=-1), p, q={loss.q!r})"
    return loss_code(loss)


def _fit(spec: ExperimentSpec) -> str:
    training, is_weighted = spec.training, spec.dataset.has_weights
    arguments = [
        "x",
        "y",
        f"batch_size={training.batch_size}",
        f"epochs={training.epochs}",
        f"validation_data=(x_val, y_val{', sample_weight_val' if is_weighted else ''})",
        *(["sample_weight=sample_weight"] if is_weighted else []),
    ]
    before = ""
    if training.class_weight == "balanced":
        before = BALANCED
        arguments.append("class_weight=class_weight")
    elif training.class_weight is not None:
        names = [*spec.only_output.class_names]
        weights = {names.index(name): weight for name, weight in training.class_weight}
        arguments.append(f"class_weight={weights}")
    if stopping := training.early_stopping:
        mode = "max" if stopping.larger_is_better else "min"
        given = f'monitor="{stopping.monitor}", min_delta={stopping.min_delta!r}, patience={stopping.patience}'
        arguments.append(f'callbacks=[keras.callbacks.EarlyStopping({given}, mode="{mode}")]')
    return f"{before}model.fit(\n{_lines(arguments)})"


def _lines(arguments: Sequence[str]) -> str:
    return "".join(f"    {each},\n" for each in arguments)
