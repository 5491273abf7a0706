"""A gated cell in place of a simple recurrent layer: what the two remedies share."""

from gradlab.errors import Problem
from gradlab.remedies.rewriting.layers import Place, places, recurrent, rewritten, with_weighted
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers import LayerSpec
from gradlab.vocabulary.layers.recurrent import Recurrent, SimpleRNN

# What a gated layer takes over. Its kernels have other shapes and its gates other needs, so that they are drawn as
# Keras draws them, and its activations are those of the cell as it was published.
KEPT = (
    "units", "return_sequences", "use_bias", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
    "kernel_constraint", "recurrent_constraint", "bias_constraint",
)  # fmt: skip


def gated(spec: ExperimentSpec, remedy: str, kind: type[Recurrent]) -> ExperimentSpec:
    """The spec with a layer of `kind` for each hidden simple recurrent one.

    Raises:
        Invalid: there is no such layer.
    """

    def change(place: Place) -> tuple[LayerSpec, ...]:
        cell = recurrent(place.layer)
        if not isinstance(cell, SimpleRNN):
            return (place.layer,)
        return (with_weighted(place.layer, kind(**{field: getattr(cell, field) for field in KEPT})),)

    kinds = ", ".join(dict.fromkeys(place.layer.kind for place in places(spec) if place.hidden))
    refusal = Problem("model.layers", "a hidden simple_rnn layer", kinds or "no hidden layer")
    return treated(spec, remedy, refusal, layers=rewritten(spec, change))
