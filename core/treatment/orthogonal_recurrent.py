"""Recurrent kernels that keep a state's length."""

from core.errors import Problem
from core.initializers import Orthogonal
from core.layers import LayerSpec
from core.spec import ExperimentSpec
from core.treatment.remedy import Remedy
from core.treatment.rewriting import Place, places, recurrent, rewritten, with_weighted
from core.treatment.suited import is_orthogonal
from core.treatment.treated import treated


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    cells = [cell for place in places(spec) if place.hidden and (cell := recurrent(place.layer))]
    received = ", ".join(dict.fromkeys(cell.recurrent_initializer.kind for cell in cells))
    refusal = Problem(
        "model.layers",
        "a hidden recurrent layer whose recurrent kernel is not orthogonal already",
        received or "no hidden recurrent layer",
    )
    return treated(spec, REMEDY.name, refusal, layers=rewritten(spec, _orthogonal))


def _orthogonal(place: Place) -> tuple[LayerSpec, ...]:
    cell = recurrent(place.layer)
    if cell is None or is_orthogonal(cell.recurrent_initializer):
        return (place.layer,)
    return (with_weighted(place.layer, cell.model_copy(update={"recurrent_initializer": Orthogonal()})),)


REMEDY = Remedy(
    name="orthogonal_recurrent",
    title="Orthogonal recurrent kernels",
    treats=(
        "vanishing_through_time",
        "vanishing_gradient",
        "exploding_gradient",
        "exploding_growth",
        "predicted_exploding",
        "predicted_vanishing",
        "exploding_through_time",
    ),
    changes="Recurrent kernels begin as orthogonal matrices with gain 1.",
    source=(
        "Saxe et al. 2013; Le, Jaitly & Hinton 2015; Pascanu et al. 2013: a signal that goes back t steps is "
        "multiplied by the kernel t times, and only if all singular values are 1 neither vanishes nor explodes."
    ),
    apply=_apply,
)
