"""Clipping of all gradients by their global norm."""

from gradlab.errors import Invalid, Problem
from gradlab.remedies.remedy import Remedy
from gradlab.remedies.rewriting.treated import treated
from gradlab.spec import ExperimentSpec

# Pascanu et al. clip at half to ten times the mean norm of a healthy training. The median norm was 1.1 for the
# tutorial's deep relu network, 1.2 for its tanh network with glorot_uniform, 1.0 for digits and 0.4 for scaled values.
THRESHOLD = 1.0
WAYS = ("clipnorm", "clipvalue", "global_clipnorm")


def _apply(spec: ExperimentSpec) -> ExperimentSpec:
    optimizer = spec.training.optimizer.model_dump(mode="json")
    limits = {way: optimizer[way] for way in WAYS if optimizer[way] is not None}
    received = ", ".join(f"{way} {limit:g}" for way, limit in limits.items())
    refusal = Problem("training.optimizer", f"no clipping, or at more than {THRESHOLD:g}", received)
    if any(limit <= THRESHOLD for limit in limits.values()):
        raise Invalid(refusal)
    optimizer |= dict.fromkeys(WAYS) | {"global_clipnorm": THRESHOLD}
    return treated(spec, REMEDY.name, refusal, training={"optimizer": optimizer})


REMEDY = Remedy(
    name="clip_by_global_norm",
    title="Clipping by the global norm",
    order=280,
    changes=f"All gradients together are scaled down to a norm of {THRESHOLD:g} where it is larger.",
    source="Pascanu, Mikolov & Bengio 2013, section 3.2: the direction stays, only the length is limited.",
    apply=_apply,
)
