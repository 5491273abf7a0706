"""A layer whose units are copies of one another before the first update."""

import math
from collections.abc import Collection

from gradlab.diagnosis.evidence import Run
from gradlab.diagnosis.finding import Sighting, measure
from gradlab.diagnosis.first_weights import first_moments
from gradlab.diagnosis.layers import RECURRENT, LayerView
from gradlab.diagnosis.one_sided import one_sided
from gradlab.diagnosis.rule import Rule

# |Correlation| of a layer's units. Of 400 networks of five layers of five tanh units with Glorot's initialiser none was
# above 0.999 and two in a hundred above 0.995, on two inputs only. With U(0, 1) all but one were above 0.998.
CORRELATION = 0.998
# Effective rank of the activations: the samples differ in one direction, with a margin of a hundredth.
RANK = 1.01
# Units of a layer: two are equal by chance. In a relu layer some units may be dead, and the few others equal. There
# only weights with a mean far from zero are a sign: 3 of 32 networks of five he_uniform layers of 5 units have a layer
# of equal units, and all learn.
MIN_UNITS = 3


def detect(run: Run) -> Sighting | None:
    """Find layers whose first weights make equal units, and layers with equal units at epoch 0."""
    born = [] if run.view.pretrained else [layer.name for layer in run.hidden_layers if _begins_equal(run, layer)]
    seen, ranks = correlations(run), _initially(run, "effective_rank")
    alike = [name for name, value in seen.items() if value > CORRELATION and ranks.get(name, RANK) < RANK]
    layers = tuple(layer.name for layer in run.hidden_layers if layer.name in {*born, *alike})
    if not layers:
        return None
    correlation = max((seen[name] for name in layers if name in seen), default=math.nan)
    rank = min((ranks[name] for name in layers if name in ranks), default=math.nan)
    measures = (
        measure("unit_correlation", 1.0 if born and math.isnan(correlation) else correlation, ">", CORRELATION),
        measure("effective_rank", rank, "<", RANK, "dimensions"),
    )
    return Sighting(layers, 0, measures)


def correlations(run: Run) -> dict[str, float]:
    """Return unit_correlation at epoch 0, in [0, 1], of the hidden layers in which it can be a sign of copies."""
    layers, one_number = {layer.name: layer for layer in run.hidden_layers}, run.view.value_count == 1
    return {
        name: value
        for name, value in _initially(run, "unit_correlation").items()
        if not math.isnan(value) and not one_number and _shows_copies(layers[name], one_sided(run))
    }


def _shows_copies(layer: LayerView, drawn_to_one_side: Collection[str]) -> bool:
    """True if equal units of a layer are copies: other causes are dead units, and a recurrent state."""
    if layer.output_shape[-1] < MIN_UNITS or layer.kind in RECURRENT:  # a state follows its inputs
        return False
    return layer.can_saturate or (layer.kind == "dense" and bool(drawn_to_one_side))


def _initially(run: Run, statistic: str) -> dict[str, float]:
    """One statistic of the hidden layers' activations at epoch 0; empty where it was not recorded."""
    recorded = run.hidden("activations", statistic)
    if recorded is None or recorded.initially is None:
        return {}
    return dict(zip(recorded.layers, recorded.initially.tolist(), strict=True))


def _begins_equal(run: Run, layer: LayerView) -> bool:
    """True if all units of a layer begin with the same weights and the same bias."""
    kernel = layer.kernel
    if kernel is None or kernel.shape[-1] < 2 or layer.kind in RECURRENT:  # the recurrent kernel differs between units
        return False
    first = [first_moments(run, layer, tensor) for tensor in layer.tensors if tensor.role in ("kernel", "bias")]
    # A layer without an initialiser of its own for a tensor is none of those whose units could be drawn equal.
    return all(each is not None and each.variance == 0 for each in first)


RULE = Rule(
    name="symmetric_units",
    title="Units are copies of one another",
    kind="risk",
    severity="critical",
    formula=(
        "a hidden kernel's entries have variance 0; or at epoch 0, in a hidden layer of 3 units or more, "
        "unit_correlation > correlation and effective_rank < rank"
    ),
    thresholds={"correlation": CORRELATION, "rank": RANK},
    source="Goodfellow, Bengio & Courville 2016, section 8.4 (breaking symmetry); thresholds measured here",
    explanation=(
        "In {layers} the units are copies of one another before the first update: their outputs correlate to "
        "{unit_correlation} over the samples, and the layer has {effective_rank} independent directions, however many "
        "units. Equal units get equal gradients and stay equal: the network works as if it had one unit per layer. "
        "Only initial weights that differ break the symmetry."
    ),
    remedies=("initializer_for_activation", "batch_normalization"),
    also=(
        "fewer_layers",
        "activation_relu",
        "activation_selu",
        "orthogonal_initializer",
        "layer_normalization",
        "residual_connections",
    ),
    causes=("input_range", "single_value_normalization", "nonzero_mean_initialization", "finite_width"),
    detect=detect,
)
