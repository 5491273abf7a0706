"""GRU layers in place of simple recurrent ones."""

from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.cells import gated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers.recurrent import GRU


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return gated(spec, REMEDY.name, GRU)


REMEDY = Remedy(
    name="gru_for_simple_rnn",
    title="GRU instead of a simple recurrent layer",
    order=70,
    changes="Simple recurrent layers become GRU layers of the same width, drawn as Keras draws them.",
    source=(
        "Cho et al. 2014; Chung et al. 2014: where the update gate is open, the state is carried on as it is, and so "
        "is the signal on its way back."
    ),
    apply=_apply,
)
