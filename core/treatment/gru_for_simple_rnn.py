"""GRU layers for simple recurrent ones."""

from core.layers.recurrent import GRU
from core.spec import ExperimentSpec
from core.treatment.cells import gated
from core.treatment.remedy import Remedy


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    return gated(spec, REMEDY.name, GRU)


REMEDY = Remedy(
    name="gru_for_simple_rnn",
    title="GRU instead of a simple recurrent layer",
    treats=(
        "vanishing_through_time",
        "vanishing_gradient",
        "exploding_gradient",
        "not_learning",
        "plateau",
        "exploding_through_time",
    ),
    changes="Simple recurrent layers become GRU layers of the same width, drawn as Keras draws them.",
    source=(
        "Cho et al. 2014; Chung et al. 2014: where the update gate is open, the state is carried on as it is, and so "
        "is the signal on its way back."
    ),
    apply=_apply,
)
