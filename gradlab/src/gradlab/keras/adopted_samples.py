"""Samples that a service is given with a model: the arrays of the file, and what is learnt of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradlab.errors import Invalid, Problem
from gradlab.frozen import ByName
from gradlab.translate.from_keras import Translation
from gradlab.vocabulary.losses import BY_KIND
from gradlab.vocabulary.metrics import fits
from gradlab.vocabulary.targets import Target

Task = Literal["classes", "labels", "values", "inputs"]
OutputShape = tuple[int | None, ...] | None
# Names of the arrays of the only input and output, and what stands behind those of the validation samples.
X, Y, VALIDATION = "x", "y", "_val"
# Names that end so may be taken for the validation or the training part of another array.
PARTS = ("_val", "_test", "_train")


@dataclass(frozen=True)
class AdoptedSamples:
    """Samples as they are uploaded and as a spec names them.

    Attributes:
        arrays: the arrays of the NPZ file, by name.
        task: the task, of several outputs by their names.
        metrics: the compiled metrics that are defined for the targets, of several outputs by their names; None for the
            usual ones.
    """

    arrays: dict[str, np.ndarray]
    task: Any
    metrics: Any


def samples_of(
    model: Any, translation: Translation, loss: Mapping[str, Any], x: Any, y: Any, validation: tuple[Any, Any] | None
) -> AdoptedSamples:
    """Return the samples of a model.

    Args:
        model: the Keras model.
        translation: its translation.
        loss: the loss as it stands in a spec: one, or one for each output.
        x: the inputs, of several a list or a dictionary by the names that Keras has for them.
        y: the targets, likewise; None for the inputs themselves.
        validation: inputs and targets for validation; None for none.

    Raises:
        Invalid: arrays are missing, or do not belong to the same samples.
    """
    inputs, outputs = _ends(translation)
    _check_names(tuple(inputs.values()) + tuple(outputs.values()))
    shapes = _output_shapes(model, translation)
    parts = {"": (x, y), VALIDATION: validation} if validation is not None else {"": (x, y)}
    targets = {suffix: _by_name(f"y{suffix}", part[1], outputs) for suffix, part in parts.items()}
    tasks = {
        name: _task(loss["kind"] if len(outputs) == 1 else loss.get(name, loss)["kind"], targets[""][name])
        for name in outputs.values()
    }
    if len(inputs) + len(outputs) > 2 and "inputs" in tasks.values():
        raise Invalid(Problem("y", f"targets for each output: {', '.join(outputs)}", "None"))
    arrays: dict[str, np.ndarray] = {}
    for suffix, part in parts.items():
        given = _by_name(f"x{suffix}", part[0], inputs)
        own = {f"{name}{suffix}": np.asarray(each) for name, each in given.items()}
        for place, name in enumerate(outputs.values()):
            if tasks[name] != "inputs":
                y_of = np.asarray(targets[suffix][name])
                own[f"{name}{suffix}"] = _targets(tasks[name], y_of, shapes[place])
        _check_counts(own, f"{Y}{suffix}")
        arrays |= own
    metrics = {name: _metrics(translation, name, tasks[name], arrays) for name in outputs.values()}
    if len(outputs) == 1:
        return AdoptedSamples(arrays, tasks[Y], metrics[Y])
    chosen = {name: each for name, each in metrics.items() if each is not None}
    return AdoptedSamples(arrays, tasks, chosen or None)


def _ends(translation: Translation) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of inputs and of outputs in Keras, with those of their arrays."""
    model, several = translation.model, (len(translation.input_names) > 1, len(translation.output_names) > 1)
    inputs = model.inputs if several[0] else (X,)
    outputs = model.outputs if several[1] else (Y,)
    return (
        dict(zip(translation.input_names, inputs, strict=True)),
        dict(zip(translation.output_names or (Y,), outputs, strict=True)),
    )


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        for part in PARTS:
            if name.endswith(part) and name.removesuffix(part) in names:
                expected = f"names of inputs and outputs that do not end with {part}, which is for parts of the samples"
                raise Invalid(Problem("model", expected, name))


def _by_name(field: str, value: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the arrays of inputs or outputs by their names in the file. Raises Invalid if some are missing."""
    if len(names) == 1 or value is None:
        return dict.fromkeys(names.values(), value)
    if isinstance(value, Mapping) and {*value} == {*names}:
        return {own: value[name] for name, own in names.items()}
    if isinstance(value, list | tuple) and len(value) == len(names):
        return dict(zip(names.values(), value, strict=True))
    received = ", ".join(map(str, value)) if isinstance(value, Mapping) else type(value).__name__
    if isinstance(value, list | tuple):
        received = f"{len(value)} arrays"
    expected = f"a list of {len(names)} arrays, or a dictionary of them by name: {', '.join(names)}"
    raise Invalid(Problem(field, expected, received))


def _check_counts(part: Mapping[str, np.ndarray], y: str) -> None:
    """Refuse arrays of one part with other numbers of samples than its first one, an input, has."""
    count = len(next(iter(part.values())))
    for name, each in part.items():
        if len(each) != count:
            what = "targets" if name == y else "samples"
            received = f"{len(each):,} {what} for {count:,} inputs"
            raise Invalid(Problem(name, "one target for each input" if what == "targets" else f"{count:,}", received))


def _task(loss: str, y: Any) -> Task:
    """Return the form of the targets, as the loss reads them."""
    if y is None:
        return "inputs"
    shape, member = np.shape(y), BY_KIND[loss]
    if member.unit_per_value:
        return "values"
    several = len(shape) > 1 and shape[-1] > 1
    return "labels" if member.unit_per_label and several else "classes"


def _output_shapes(model: Any, translation: Translation) -> list[OutputShape]:
    """Return the shape of each output with the batch axis; None for one that is not known yet."""
    if len(translation.output_shapes) > 1:
        return [None if shape is None else (None, *shape) for shape in translation.output_shapes]
    shape = getattr(model, "output_shape", None)
    is_one = isinstance(shape, tuple) and all(size is None or isinstance(size, int) for size in shape)
    return [shape if is_one else None]


def _targets(task: Task, y: np.ndarray, output: OutputShape) -> np.ndarray:
    """Return targets as the file has them: classes as whole numbers, a single column without its axis.

    Classes have an axis of their own where they have as many axes as the output, (samples, ..., classes). With one
    less they are whole numbers already, as at each time step.
    """
    if task == "classes":
        own_axis = y.ndim > 1 and (output is None or y.ndim == len(output))
        if own_axis and y.shape[-1] == 1:
            y = y[..., 0]
        elif own_axis and (output is None or y.shape[-1] == output[-1]):
            y = y.argmax(axis=-1)
    elif y.ndim == 2 and y.shape[-1] == 1:
        y = y[:, 0]
    is_whole = task == "classes" and y.dtype.kind == "f" and bool(np.all(y == np.floor(y)))
    return y.astype(np.int64) if is_whole else y


def _metrics(translation: Translation, name: str, task: Task, arrays: Mapping[str, np.ndarray]) -> list[str] | None:
    """Return the compiled metrics that are defined for the targets; None for the usual ones."""
    compiled = translation.training.metrics if translation.training is not None else None
    metrics = compiled.get(name) if isinstance(compiled, ByName) else compiled
    if metrics is None:
        return None
    y = arrays.get(name, arrays.get(X))
    assert y is not None  # targets, or the one input, which is repeated
    count = len(np.unique(y)) if task == "classes" else int(np.prod(y.shape[1:]))
    target = Target("values" if task == "inputs" else task, max(1, count))
    return [each for each in metrics if fits(each, target)] or None
