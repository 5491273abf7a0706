"""A whole spec as a Keras program that runs: imports, network, `compile` and `fit`."""

import builtins
import json
import keyword
import re
from collections.abc import Iterator, Mapping, Sequence

from gradlab.errors import Invalid, Problem
from gradlab.spec import ExperimentSpec
from gradlab.spec.graph import INPUT
from gradlab.spec.network import NamedLayer, is_chain
from gradlab.translate.keras_code import layer_code, loss_code, optimizer_code
from gradlab.translate.preparation_code import preparation_code
from gradlab.translate.target_code import Classes, target_code
from gradlab.vocabulary.layers import Shape
from gradlab.vocabulary.layers.attention import Heads
from gradlab.vocabulary.layers.blocks import Residual
from gradlab.vocabulary.layers.merging import Merging, MergingAttention
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
# Names in a program that are no layer's: of modules, of the samples, and of Python.
RESERVED = (
    "keras", "np", "model", "x", "y", "x_val", "y_val", "sample_weight", "sample_weight_val", "classes", "class_weight",
    *keyword.kwlist, *keyword.softkwlist, *dir(builtins),
)  # fmt: skip
CALLED = re.compile(r"(?<![\w.])([A-Z]\w*)\(")  # classes of layers that a piece of code calls by their own names


def keras_program(spec: ExperimentSpec, *, classes: Classes | None = None) -> str:
    """Return the Keras program of a spec. It takes ``x``, ``y``, ``x_val`` and ``y_val`` as NumPy arrays.

    Where samples have weights, it takes ``sample_weight`` and ``sample_weight_val`` too. Targets of a built-in dataset
    are one-hot rows for several units. Those of an uploaded one are as they are in the file.

    Args:
        spec: the experiment.
        classes: how the file of an uploaded dataset has its classes; None: as their names look.

    Raises:
        Invalid: its layers are pre-trained one by one, for which `fit` has no argument.
    """
    if spec.training.pretraining is not None:
        kind = spec.training.pretraining.kind
        raise Invalid(Problem("training.pretraining", "none: Keras's fit trains whole networks", kind))
    inputs = dict.fromkeys(spec.model.inputs, spec.dataset.feature_shape)
    network = network_code(inputs, spec.layers, [spec.layers[-1].name])
    prepared = preparation_code(spec.dataset)
    targets = target_code(spec.dataset, spec.layers[-1].output_shape[-1], classes)
    numpy = ["import numpy as np"] if any("np." in block for block in (*prepared, *targets)) else []
    return "\n\n".join([*numpy, *prepared, network, *targets, _compile(spec), _fit(spec)]) + "\n"


def network_code(inputs: Mapping[str, Shape], layers: Sequence[NamedLayer], outputs: Sequence[str]) -> str:
    """Return the code that makes the Keras model ``model``.

    Args:
        inputs: the shape of each input by its name, without the batch axis.
        layers: all layers in the order of the forward pass, as `ExperimentSpec.layers` has them.
        outputs: the names of the layers whose outputs are the model's.
    """
    if len(inputs) == 1 and is_chain(layers) and all(_is_plain(layer) for layer in layers):
        (shape,) = inputs.values()
        calls = [f"    {layer_code(layer.spec)},\n" for layer in layers]
        body = f"model = keras.Sequential([\n    keras.Input({shape}),\n{''.join(calls)}])"
    else:
        body = "\n".join(_functional(inputs, layers, outputs))
    classes = sorted({*CALLED.findall(body)})
    return f"import keras\nfrom keras.layers import {', '.join(classes)}\n\n{body}"


def _is_plain(layer: NamedLayer) -> bool:
    """True for a layer that takes one tensor, and nothing else."""
    return not layer.inner and not isinstance(layer.spec, Merging | Heads | Residual)


def _functional(inputs: Mapping[str, Shape], layers: Sequence[NamedLayer], outputs: Sequence[str]) -> Iterator[str]:
    """Yield the statements of a functional model, one for each call of a layer."""
    taken = {*RESERVED}
    names = {name: _variable("inputs" if name == INPUT else name, taken) for name in inputs}
    shared = {layer.shares for layer in layers if layer.shares}
    makers = {name: _variable(f"{name}_layer", taken) for name in sorted(shared)}
    for name, shape in inputs.items():
        yield f"{names[name]} = keras.Input({shape}, name={json.dumps(names[name])})"
    for layer in layers:
        made = _made(layer)
        if layer.name in shared:
            yield f"{makers[layer.name]} = {made}"
        maker = makers.get(layer.shares or layer.name, made)
        names[layer.name] = _variable(layer.name, taken)
        yield f"{names[layer.name]} = {maker}({_arguments(layer, [names[each] for each in layer.inputs])})"
    listed = [", ".join(names[each] for each in part) for part in (inputs, outputs)]
    ends = [f"[{text}]" if len(part) > 1 else text for text, part in zip(listed, (inputs, outputs), strict=True)]
    yield f"model = keras.Model({ends[0]}, {ends[1]})"


def _made(layer: NamedLayer) -> str:
    return "Add()" if isinstance(layer.spec, Residual) else layer_code(layer.spec)


def _arguments(layer: NamedLayer, sources: list[str]) -> str:
    """Return the arguments of a layer's call."""
    if isinstance(layer.spec, Residual):
        skip, inside = sources
        scaled = inside if layer.spec.scale == 1 else f"{layer.spec.scale!r} * {inside}"
        return f"[{skip}, {scaled}]"
    causal = ", use_causal_mask=True" if getattr(layer.spec, "causal", False) else ""
    if isinstance(layer.spec, Heads):
        return ", ".join(sources * 2 if len(sources) == 1 else sources) + causal
    if isinstance(layer.spec, MergingAttention):
        return f"[{', '.join(sources)}]{causal}"
    return sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"


def _variable(name: str, taken: set[str]) -> str:
    """Return a name for a variable, which is then taken."""
    cleaned = re.sub(r"\W", "_", name).lower()
    cleaned = f"layer_{cleaned}" if cleaned[:1].isdigit() or not cleaned else cleaned
    candidate, count = cleaned, 1
    while candidate in taken:
        count += 1
        candidate = f"{cleaned}_{count}"
    taken.add(candidate)
    return candidate


def _compile(spec: ExperimentSpec) -> str:
    training, labels = spec.training, spec.dataset.target.kind == "labels"
    names = {**METRICS, "one_hot_mean_io_u": f"keras.metrics.OneHotMeanIoU({spec.dataset.target.count})"}
    names |= {"accuracy": '"binary_accuracy"'} if labels else {}
    metrics = ", ".join(names.get(name, json.dumps(name)) for name in spec.metric_names)
    arguments = [
        f"optimizer={optimizer_code(training.optimizer)}",
        f"loss={_loss(spec.only_output.loss)}",
        f"metrics=[{metrics}]",
    ]
    return f"model.compile(\n{_lines(arguments)})"


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
        names = [*spec.dataset.class_names]
        weights = {names.index(name): weight for name, weight in training.class_weight}
        arguments.append(f"class_weight={weights}")
    if stopping := training.early_stopping:
        mode = "max" if stopping.larger_is_better else "min"
        given = f'monitor="{stopping.monitor}", min_delta={stopping.min_delta!r}, patience={stopping.patience}'
        arguments.append(f'callbacks=[keras.callbacks.EarlyStopping({given}, mode="{mode}")]')
    return f"{before}model.fit(\n{_lines(arguments)})"


def _lines(arguments: Sequence[str]) -> str:
    return "".join(f"    {each},\n" for each in arguments)
