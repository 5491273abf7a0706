"""Layer normalisation in place of batch normalisation."""

from gradlab.errors import Problem
from gradlab.remedies.layer_normalization import MIN_WIDTH
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Place, field_of, places
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.normalization import BatchNormalization, LayerNormalization

# Fields that both have.
KEPT = ("epsilon", "center", "scale", "beta_initializer", "gamma_initializer")


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    kinds = ", ".join(dict.fromkeys(place.layer.kind for place in places(spec) if place.hidden))
    expected = f"a hidden batch_normalization of {MIN_WIDTH} units or more"
    refusal = Problem(field_of(spec), expected, kinds or "no hidden layer")
    return treated(spec, REMEDY.name, refusal, model=rewritten(spec, _changed))


def _changed(place: Place) -> tuple[LayerSpec, ...]:
    layer = place.layer
    if not isinstance(layer, BatchNormalization) or place.output_shape[-1] < MIN_WIDTH:
        return (layer,)
    return (LayerNormalization(**{field: getattr(layer, field) for field in KEPT}),)


REMEDY = Remedy(
    name="layer_for_batch_normalization",
    title="Layer normalisation instead of batch normalisation",
    order=190,
    changes="Each hidden batch normalisation becomes a layer normalisation: over the units of a sample.",
    source="Ba, Kiros & Hinton 2016: what does not depend on the batch is the same in batches of one.",
    apply=_apply,
)
