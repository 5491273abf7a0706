"""Masks of time steps: which layer's mask reaches an output, so that its loss leaves the masked steps out.

Keras's layers attach a mask to their output, hand on that of their input, or lose it. Where an output has a target at
each time step, its mask multiplies the losses of the steps.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradlab.frozen import impossible
from gradlab.spec.network import NamedLayer
from gradlab.vocabulary.layers.attention import Embedding
from gradlab.vocabulary.layers.merging import Merging
from gradlab.vocabulary.layers.recurrent import Bidirectional, Recurrent
from gradlab.vocabulary.layers.wrapping import ConvLSTM, Masking

if TYPE_CHECKING:
    from gradlab.spec.experiment import ExperimentSpec

# Kinds that hand on the mask of their input; attention that of its query. All others lose it, recurrent layers unless
# they return sequences.
HAND_ON = frozenset({
    "dense", "activation", "relu", "leaky_relu", "prelu", "elu", "softmax", "identity", "rescaling", "normalization",
    "dropout", "gaussian_noise", "alpha_dropout", "gaussian_dropout", "spatial_dropout1d", "spatial_dropout2d",
    "spatial_dropout3d", "batch_normalization", "layer_normalization", "group_normalization", "unit_normalization",
    "multi_head_attention", "group_query_attention", "time_distributed",
})  # fmt: skip
# Kinds of several inputs whose output has a mask if each input has one: a step counts if it counts in any of them.
JOIN = frozenset({"add", "subtract", "multiply", "average", "maximum", "minimum", "residual"})


class Unfollowed(Exception):
    """The mask of an output does not follow from the samples alone by the rules of this module.

    Attributes:
        layer: where it is lost from sight.
        why: what the layer does, as a clause.
    """

    def __init__(self, layer: NamedLayer, why: str) -> None:
        super().__init__(f"{layer.name} {why}")
        self.layer, self.why = layer, why


def masking_layers(layers: Sequence[NamedLayer], inputs: Sequence[str]) -> dict[str, NamedLayer | Unfollowed | None]:
    """Return by each layer's name the layer whose mask reaches its output; None if none does.

    It is `Unfollowed` where several masks are mixed, or a mask is made of what another layer puts out.

    Args:
        layers: all layers in the order of the forward pass.
        inputs: the names of the network's inputs.
    """
    masks: dict[str, NamedLayer | None] = dict.fromkeys(inputs)
    problems: dict[str, Unfollowed] = {}
    for layer in layers:
        for source in layer.inputs:
            if source in problems:
                problems[layer.name] = problems[source]
        try:
            masks[layer.name] = _mask(layer, [masks.get(source) for source in layer.inputs], inputs)
        except Unfollowed as unfollowed:
            problems[layer.name], masks[layer.name] = unfollowed, None
    return {**masks, **problems}


def _mask(layer: NamedLayer, sources: Sequence[NamedLayer | None], inputs: Sequence[str]) -> NamedLayer | None:
    """Return the layer whose mask a layer's output has, from those of its inputs."""
    spec = layer.spec
    if spec.masks:
        if layer.inputs[0] not in inputs:
            raise Unfollowed(layer, "masks what another layer puts out, and not the samples")
        if isinstance(spec, Masking) and len(layer.input_shape) > 2:
            raise Unfollowed(layer, "masks along several axes")
        return layer
    present = [source for source in sources if source is not None]
    if not present:
        return None
    if spec.kind in JOIN:
        if len({source.name for source in present}) > 1:
            raise Unfollowed(layer, "joins the masks of several layers")
        return present[0] if len(present) == len(sources) else None
    if isinstance(spec, Merging):
        raise Unfollowed(layer, "mixes masks")
    if isinstance(spec, Bidirectional):
        return present[0] if spec.layer.return_sequences else None
    if isinstance(spec, Recurrent | ConvLSTM):
        return present[0] if spec.return_sequences else None
    return sources[0] if spec.kind in HAND_ON else None


def steps_that_count(layer: NamedLayer, x: np.ndarray) -> np.ndarray:
    """Return which time steps of samples count, (samples, time) bool, by the layer that masks the others.

    Args:
        layer: it takes the samples themselves.
        x: (samples, time) whole numbers for an embedding, (samples, time, features) for a masking layer.
    """
    spec = layer.spec
    if isinstance(spec, Embedding):
        return np.asarray(x != 0)
    assert isinstance(spec, Masking), "the two kinds that mask"
    return np.asarray((x != np.float32(spec.mask_value)).any(axis=-1))


def check_masks(spec: "ExperimentSpec") -> None:
    """Refuse masks whose steps the loss cannot leave out as Keras does. Raises pydantic's error with the field."""
    at_steps = [output for output in spec.outputs if output.target.steps]
    masks = masking_layers(spec.layers, spec.model.inputs) if at_steps else {}
    for output in at_steps:
        masking = masks[output.layer.name]
        if isinstance(masking, Unfollowed):
            expected = (
                "one layer that masks the samples themselves, as each time step has a target: its mask is followed"
            )
            raise impossible(f"model.{masking.layer.path}", expected, str(masking))
        if masking is None:
            continue
        if len(spec.outputs) > 1:
            expected = "one output, where each time step has a target: the facts of several know of no mask"
            raise impossible(f"model.{masking.path}", expected, f"{masking.name}, which masks time steps")
        if len(output.target.steps) > 1:
            expected = "targets along one axis of time steps, which the mask has"
            raise impossible(f"model.{masking.path}", expected, str(output.target))
        if spec.dataset.has_weights:
            expected = "null beside a mask of steps with targets: Keras multiplies the two, and their shapes differ"
            raise impossible("dataset.sample_weight", expected, "weights of samples")
