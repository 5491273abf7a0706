"""The weights of a live model as a file of tensors, named by the layers and tensors of the spec that it becomes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradlab.errors import Invalid, Problem
from gradlab.keras.arrays import array
from gradlab.spec import NamedLayer
from gradlab.spec.experiment import network_of
from gradlab.spec.initial_weights import has_weights, tensors_in
from gradlab.spec.network import in_order
from gradlab.tensor_file import write_tensors
from gradlab.translate.from_keras import Translation, translate

FIELD = "weights"


def save_weights(model: Any, file: Path | str) -> None:
    """Write the weights of a live model as a safetensors file, which `gradlab weights add` uploads.

    Args:
        model: a built sequential or functional model of Keras's own layers.
        file: the file's name.

    Raises:
        Invalid: the model cannot be translated or has no weights yet, an axis of its inputs is open, or its weights are
            not finite.
        OSError: the file cannot be written.
    """
    write_weights(model, translate(str(model.to_json())), _shapes(model), Path(file))


def write_weights(model: Any, translation: Translation, shapes: Sequence[tuple[int, ...]], file: Path) -> None:
    """Write the weights of a live model for the spec that it was translated to.

    Args:
        model: the model.
        translation: of it.
        shapes: of its inputs, without the batch axis.
        file: what is written.

    Raises:
        Invalid: it has no weights yet, or they are not finite.
        OSError: the file cannot be written.
    """
    tensors: dict[str, np.ndarray] = {}
    for layer in in_order(network_of(translation.model, shapes)):
        if has_weights(layer):
            tensors |= _tensors(_at(model, translation.names[layer.name]), layer)
    write_tensors(tensors, file)


def _shapes(model: Any) -> list[tuple[int, ...]]:
    """Return the shapes of the inputs, without the batch axis. Raises Invalid for an open axis, or none."""
    if not model.built:
        raise Invalid(Problem("model", "a model that is built: call it, or give it an Input", "one without weights"))
    shapes = [tuple(each.shape[1:]) for each in model.inputs]
    for shape in shapes:
        if None in shape:
            raise Invalid(Problem("model", "inputs whose axes all have a size: build it with one", str(shape)))
    return shapes


def _at(model: Any, path: str) -> Any:
    """Return the layer at a path such as ``encoder/dense``."""
    for name in path.split("/"):
        model = model.get_layer(name)
    return model


def _tensors(layer: Any, named: NamedLayer) -> dict[str, np.ndarray]:
    """Return the weights of a Keras layer by their names in the file. Raises Invalid."""
    expected = tensors_in(named, named.name)
    arrays = [array(each).astype(np.float32) for each in layer.weights]
    shapes = [each.shape for each in arrays]
    if shapes != [*expected.values()]:
        needed = f"weights of {layer.name} of shapes {', '.join(map(str, expected.values()))}"
        raise Invalid(Problem(FIELD, needed, ", ".join(map(str, shapes)) or "none: the model is not built"))
    for name, values in zip(expected, arrays, strict=True):
        if not np.isfinite(values).all():
            raise Invalid(Problem(FIELD, 'finite weights, or weights="fresh", which draws new ones', f"NaN in {name}"))
    return dict(zip(expected, arrays, strict=True))
