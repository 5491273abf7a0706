"""Fewer hidden layers."""

from gradlab.errors import Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.layers import Place, field_of, hidden_stages
from gradlab.remedies.rewriting.rewrite import rewritten
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec
from gradlab.vocabulary.layers import LayerSpec


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    stages = hidden_stages(spec)
    # With as many layers as units β = 5·Σ1/n is 5, as in the tutorial's five layers of five (Hanin 2018).
    narrowest = min((stage.output_shape[-1] for stage in stages), default=1)
    target = max(1, min(len(stages) // 2, narrowest))
    spare = [stage for stage in stages if stage.keeps_shape and not stage.merged]
    dropped = spare[-min(len(spare), len(stages) - target) :] if len(stages) > target else []
    names = {place.name for stage in dropped for place in stage.places}

    def change(place: Place) -> tuple[LayerSpec, ...]:
        return () if place.name in names else (place.layer,)

    refusal = Problem(
        field_of(spec),
        "two hidden layers or more, of which one gives back the shape it gets",
        f"{len(stages)}, of which {len(spare)} give back the shape they get",
    )
    return treated(spec, REMEDY.name, refusal, model=rewritten(spec, change))


REMEDY = Remedy(
    name="fewer_layers",
    title="Fewer layers",
    order=40,
    changes=(
        "Half of the hidden layers are left, and no more than the narrowest of them has units; only layers that give "
        "back the shape they get can go, the last ones first."
    ),
    source=(
        "Every illness of depth grows with depth: Schoenholz et al. 2017, Hanin 2018, Lu et al. 2019. The tutorial's "
        "5 relu layers failed on 2 of 64 seeds, 15 on 44, 20 on 60."
    ),
    apply=_apply,
)
