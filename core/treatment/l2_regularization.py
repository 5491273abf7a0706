"""A price on large weights."""

from core.errors import Problem
from core.layers import LayerSpec
from core.layers.weighted import WeightedLayer
from core.regularizers import L2
from core.spec import ExperimentSpec
from core.treatment.remedy import Remedy
from core.treatment.rewriting import Place, hidden_places, rewritten, weighted, with_weighted
from core.treatment.treated import treated

# AutoTrainer's factor, and Keras's default.
FACTOR = 0.01


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    received = "one in every hidden layer" if hidden_places(spec) else "no hidden layer with weights"
    refusal = Problem("model.layers", "a hidden layer without a kernel_regularizer", received)
    return treated(spec, REMEDY.name, refusal, layers=rewritten(spec, _regularized))


def _regularized(place: Place) -> tuple[LayerSpec, ...]:
    layer = weighted(place.layer)
    if layer is None:
        return (place.layer,)
    free = [f"{tensor}_regularizer" for tensor in ("kernel", "recurrent") if _is_free(layer, tensor)]
    return (with_weighted(place.layer, layer.model_copy(update=dict.fromkeys(free, L2(l2=FACTOR)))),)


def _is_free(layer: WeightedLayer, tensor: str) -> bool:
    field = f"{tensor}_regularizer"
    return field in type(layer).model_fields and getattr(layer, field) is None


REMEDY = Remedy(
    name="l2_regularization",
    title="L2 regularisation",
    treats=("overfitting", "late_rise"),
    changes=f"Hidden kernels, recurrent ones too, add {FACTOR} times the sum of their squares to the loss.",
    source="Krogh & Hertz 1991; the factor as in AutoTrainer (Zhang et al. 2021).",
    apply=_apply,
)
