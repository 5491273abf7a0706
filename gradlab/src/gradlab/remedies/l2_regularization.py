"""L2 regularisation of the hidden kernels."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Place, field_of, hidden_places, weighted, with_weighted
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.weighted import WeightedLayer
from gradlab.vocabulary.regularizers import L2

# AutoTrainer's factor, and Keras's default.
FACTOR = 0.01


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    received = "one in every hidden layer" if hidden_places(spec) else "no hidden layer with weights"
    refusal = Problem(field_of(spec), "a hidden layer without a kernel_regularizer", received)
    return treated(spec, REMEDY.name, refusal, model=rewritten(spec, _regularized))


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
    order=160,
    changes=f"Hidden kernels, recurrent ones too, add {FACTOR} times the sum of their squares to the loss.",
    source="Krogh & Hertz 1991; the factor as in AutoTrainer (Zhang et al. 2021).",
    apply=_apply,
)
