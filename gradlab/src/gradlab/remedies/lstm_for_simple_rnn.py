"""LSTM layers in place of simple recurrent ones."""

from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.cells import gated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers.recurrent import LSTM


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return gated(spec, REMEDY.name, LSTM)


REMEDY = Remedy(
    name="lstm_for_simple_rnn",
    title="LSTM instead of a simple recurrent layer",
    order=60,
    changes="Simple recurrent layers become LSTM layers of the same width, drawn as Keras draws them.",
    source=(
        "Hochreiter & Schmidhuber 1997; Gers et al. 2000; Jozefowicz et al. 2015: along the cell's state a signal "
        "goes back by the forget gates alone, which can learn to stay open."
    ),
    apply=_apply,
)
