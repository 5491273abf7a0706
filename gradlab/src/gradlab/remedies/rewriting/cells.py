"""Replacement of simple recurrent layers by gated ones: shared by the GRU and the LSTM remedy."""

from gradlab.errors import Problem
from gradlab.remedies.rewriting.layers import Place, field_of, places, recurrent, with_weighted
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.recurrent import Recurrent, SimpleRNN

# Fields that a gated layer takes over. Its kernels have other shapes, and are drawn as Keras draws them. Its
# activations are those of the published cell.
KEPT = (
    "units", "return_sequences", "use_bias", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
    "kernel_constraint", "recurrent_constraint", "bias_constraint",
)  # fmt: skip


def gated(spec: ExperimentSpec, remedy: str, kind: type[Recurrent]) -> ExperimentSpec:
    """Return the spec with each hidden simple recurrent layer replaced by a layer of `kind`.

    Raises:
        Invalid: there is no such layer.
    """

    def change(place: Place) -> tuple[LayerSpec, ...]:
        cell = recurrent(place.layer)
        if not isinstance(cell, SimpleRNN):
            return (place.layer,)
        return (with_weighted(place.layer, kind(**{field: getattr(cell, field) for field in KEPT})),)

    kinds = ", ".join(dict.fromkeys(place.layer.kind for place in places(spec) if place.hidden))
    refusal = Problem(field_of(spec), "a hidden simple_rnn layer", kinds or "no hidden layer")
    return treated(spec, remedy, refusal, model=rewritten(spec, change))
