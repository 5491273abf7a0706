"""Orthogonal recurrent kernels, which keep the length of a state."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Place, field_of, places, recurrent, with_weighted
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.suited import is_orthogonal
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.initializers import Orthogonal
from gradlab.vocabulary.layers import LayerSpec


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    cells = [cell for place in places(spec) if place.hidden and (cell := recurrent(place.layer))]
    received = ", ".join(dict.fromkeys(cell.recurrent_initializer.kind for cell in cells))
    refusal = Problem(
        field_of(spec),
        "a hidden recurrent layer whose recurrent kernel is not orthogonal already",
        received or "no hidden recurrent layer",
    )
    return treated(spec, REMEDY.name, refusal, model=rewritten(spec, _orthogonal))


def _orthogonal(place: Place) -> tuple[LayerSpec, ...]:
    cell = recurrent(place.layer)
    if cell is None or is_orthogonal(cell.recurrent_initializer):
        return (place.layer,)
    return (with_weighted(place.layer, cell.model_copy(update={"recurrent_initializer": Orthogonal()})),)


REMEDY = Remedy(
    name="orthogonal_recurrent",
    title="Orthogonal recurrent kernels",
    order=150,
    changes="Recurrent kernels begin as orthogonal matrices with gain 1.",
    source=(
        "Saxe et al. 2013; Le, Jaitly & Hinton 2015; Pascanu et al. 2013: a signal that goes back t steps is "
        "multiplied by the kernel t times, and only if all singular values are 1 neither vanishes nor explodes."
    ),
    apply=_apply,
)
